import { h } from "../dom.js";
import { t } from "../texts.js";

const SHOWN = 8;
const TRIGGER = /(?:^|\n)\/(\S*)$/u; // a slash at a line's start, up to the caret

/** The canned replies while one writes: a list that follows what is typed after "/", and never sends anything. */
export class Picker {
  element = h("ul", { id: "replies", role: "listbox", "aria-label": t("replies"), hidden: true });
  #desk;
  #input;
  #actions;
  #place = null; // where the text that chooses begins; null where it is a slash's
  #typed = null; // that text: {wanted, start, end}, in the place of which a reply is put; null while none does
  #found = [];
  #index = 0;

  constructor(desk, input, actions) {
    this.#desk = desk;
    this.#input = input;
    this.#actions = actions;
    desk.addEventListener("replies", () => this.#typed && this.#draw(this.#found[this.#index]?.shortcut));
    input.addEventListener("blur", () => this.close());
    document.addEventListener("selectionchange", () => this.#isLeft && this.close());
    this.element.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the text
    this.element.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#insert(this.#found[option.dataset.index]);
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Choose among all replies, for the place where the caret is. */
  open() {
    this.#input.focus();
    if (!this.#desk.replies.length) {
      this.#actions.editReplies();
      return;
    }
    const { selectionStart: start, selectionEnd: end } = this.#input;
    this.#place = start;
    this.#show("", start, end);
  }

  close() {
    this.#place = null;
    this.#typed = null;
    this.#hide();
  }

  /** What was typed may choose. */
  follow() {
    const caret = this.#input.selectionStart;
    const before = this.#input.value.slice(0, caret);
    if (this.#place !== null && caret >= this.#place && !before.slice(this.#place).includes("\n")) {
      this.#show(before.slice(this.#place).replace(/^\//u, ""), this.#place, caret);
      return;
    }
    this.#place = null;
    const wanted = TRIGGER.exec(before)?.[1];
    if (wanted === undefined) this.close();
    else this.#show(wanted, caret - wanted.length - 1, caret);
  }

  /** Returns whether the key was the picker's. */
  onKey(event) {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    const isOther = altKey || shiftKey || ((ctrlKey || metaKey) && key !== "Enter"); // which would send what chooses
    if (!this.isOpen || isOther) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) this.#choose((this.#index + step + this.#found.length) % this.#found.length);
    else if (key === "Enter" || key === "Tab") this.#insert(this.#found[this.#index]);
    else if (key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Whether the caret went elsewhere, or more is marked: a reply would take the place of what chose none. */
  get #isLeft() {
    const { selectionStart, selectionEnd } = this.#input;
    return this.#typed !== null && (selectionStart < this.#typed.start || selectionEnd > this.#typed.end);
  }

  #show(wanted, start, end) {
    if (!this.#typed) this.#desk.refreshReplies();
    this.#typed = { wanted: wanted.toLowerCase(), start, end };
    this.#draw();
  }

  /** Choose the best, or as before. */
  #draw(chosen) {
    const { wanted } = this.#typed;
    const starts = ({ shortcut }) => shortcut.toLowerCase().startsWith(wanted);
    const contains = (reply) => !starts(reply) && reply.text.toLowerCase().includes(wanted);
    const { replies } = this.#desk;
    this.#found = [...replies.filter(starts), ...replies.filter(contains)].slice(0, SHOWN);
    if (!this.#found.length) {
      this.#hide();
      return;
    }
    this.element.replaceChildren(...this.#found.map(drawOption));
    if (!this.isOpen) this.#actions.say(t("replies_found", { n: this.#found.length }));
    this.element.hidden = false;
    this.#choose(Math.max(0, this.#found.findIndex(({ shortcut }) => shortcut === chosen)));
  }

  #hide() {
    this.element.hidden = true;
    this.#input.removeAttribute("aria-activedescendant");
  }

  #choose(index) {
    this.#index = index;
    [...this.element.children].forEach((option, place) => option.setAttribute("aria-selected", place === index));
    this.#input.setAttribute("aria-activedescendant", `reply-${index}`);
    this.element.children[index].scrollIntoView({ block: "nearest" });
  }

  #insert({ text }) {
    const { start, end } = this.#typed;
    this.close();
    this.#input.focus();
    this.#input.setSelectionRange(start, end);
    document.execCommand("insertText", false, text); // the one way to insert that the browser can undo
    this.close(); // a reply that starts with a slash is no search
  }
}

function drawOption({ shortcut, text }, index) {
  return h(
    "li",
    { role: "option", id: `reply-${index}`, "data-index": index },
    h("b", {}, `/${shortcut}`),
    h("span", {}, text.replace(/\s+/gu, " ").slice(0, 200)),
  );
}
