import { h, icon, throttled } from "../dom.js";
import { t } from "../texts.js";

const SAVE = 300; // milliseconds after the last key
const TYPING = 3000; // between two tellings that somebody types
const NEARLY = 15 / 16; // of the limit: from there on the characters are counted

/** Where a message is written. It works whatever the line does. */
export class Composer {
  #conversation;
  #limit;
  #say;
  #onSend;
  #saved;
  #timer = null;
  #wasTooLong = false;
  #count = h("p", { class: "count", id: "count", hidden: true });
  #field = h("textarea", {
    class: "field",
    rows: 1,
    name: "text",
    autocomplete: "off",
    "aria-label": t("message"),
    "aria-describedby": "count",
    placeholder: t("write_here"),
  });
  #button = h("button", { class: "button primary send" }, icon("send"), h("span", { class: "hidden" }, t("send")));
  #tellTyping = throttled(TYPING, () => this.#field.value && this.#conversation.type());

  constructor({ conversation, store, textLimit, say, onSend, signal }) {
    this.#conversation = conversation;
    this.#limit = textLimit;
    this.#say = say;
    this.#onSend = onSend;
    const row = h("div", { class: "row" }, this.#field, this.#button);
    this.element = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) }, this.#count, row);
    this.#field.addEventListener("keydown", (event) => this.#press(event));
    this.#field.addEventListener("input", () => this.#edit());
    addEventListener("pagehide", () => this.#save(), { signal });
    store.addEventListener("change", ({ detail }) => this.#follow(detail.name), { signal });
    signal.addEventListener("abort", () => this.#save());
    this.#saved = conversation.draft;
    this.#field.value = this.#saved;
    this.#count.textContent = "";
    this.fit();
  }

  get isWritten() {
    return this.#field.value.trim() !== "";
  }

  focus() {
    this.#field.focus();
  }

  /** As high as the text, which is known once it is shown. */
  fit() {
    this.#showCount();
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.height = "auto";
    const border = this.#field.offsetHeight - this.#field.clientHeight;
    this.#field.style.height = `${this.#field.scrollHeight + border}px`;
  }

  get #excess() {
    return Array.from(this.#field.value).length - this.#limit;
  }

  #press(event) {
    const isComposing = event.isComposing || event.keyCode === 229; // Safari ends a composition before its Enter
    if (event.key !== "Enter" || event.shiftKey || isComposing || matchMedia("(pointer: coarse)").matches) return;
    if (event.repeat) event.preventDefault(); // the key was for what had the focus before, such as the launcher
    else this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#field.value.replaceAll("\0", "");
    if (this.#excess > 0) this.#say(this.#count.textContent);
    else if (text.trim()) {
      this.#conversation.send(text);
      this.#field.value = "";
      this.#save();
      this.fit();
      this.#onSend();
    }
    this.#field.focus();
  }

  #edit() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), SAVE);
    this.#tellTyping();
    this.fit();
  }

  #save() {
    clearTimeout(this.#timer);
    if (this.#field.value === this.#saved) return; // else this tab would undo what another has written
    this.#saved = this.#field.value;
    this.#conversation.draft = this.#saved;
  }

  /** Another tab wrote the draft, or sent it: this one shows the same, unless it has a text of its own. */
  #follow(name) {
    if (name !== this.#conversation.draftName || this.#field.value !== this.#saved) return;
    this.#saved = this.#conversation.draft;
    this.#field.value = this.#saved;
    this.fit();
  }

  #showCount() {
    const excess = this.#excess;
    const isTooLong = excess > 0;
    const n = excess + this.#limit;
    this.#count.hidden = n < this.#limit * NEARLY;
    const words = isTooLong ? t("too_long", { n: excess }) : t("characters", { n, most: this.#limit });
    this.#count.textContent = this.#count.hidden ? "" : words;
    this.#count.classList.toggle("error", isTooLong);
    this.#field.setAttribute("aria-invalid", isTooLong);
    this.#button.setAttribute("aria-disabled", isTooLong);
    if (isTooLong !== this.#wasTooLong) this.#say(isTooLong ? words : "");
    this.#wasTooLong = isTooLong;
  }
}
