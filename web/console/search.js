import { Disconnected, Refused } from "../client.js";
import { h, icon } from "../dom.js";
import { t } from "../texts.js";
import { FixedList } from "./list.js";
import { drawFound } from "./row.js";

const PAUSE = 250; // milliseconds without a key before it is searched
const PAGE = 50;
const SHORTEST = 2; // characters, as the protocol has it

/** The search in all messages: its field, and what was found in the place of the queue's rows. */
export class Search {
  list; // of what was found
  #desk;
  #onChange;
  #input;
  #state = h("p", { class: "notice", role: "status" });
  #found = new Map(); // message's id → message
  #isComplete = true;
  #isReading = false;
  #failed = null; // what was asked for and refused, until it is asked for again
  #timer = null;
  #searched = "";

  /** `choose(userId, event, messageId)` opens a message's conversation; `onChange` when the search begins or ends. */
  constructor(desk, choose, onChange) {
    this.#desk = desk;
    this.#onChange = onChange;
    const open = (id, event) => choose(this.#found.get(id).user_id, event, id);
    this.list = new FixedList(t("found"), (id, button) => drawFound(button, this.#found.get(id), this.#searched), open);
    this.list.addEventListener("more", () => this.#read());
    this.#input = h("input", {
      type: "search",
      class: "field",
      id: "search",
      placeholder: t("search"),
      "aria-label": t("search"),
      "aria-keyshortcuts": "/",
      maxlength: 200,
      autocomplete: "off",
      oninput: () => this.#later(),
      onkeydown: (event) => this.#onKey(event),
    });
    this.field = h("div", { class: "search", role: "search" }, icon("search"), this.#input);
    this.results = h("div", { class: "panel results", hidden: true }, this.#state, this.list);
  }

  get isActive() {
    return this.#text.length > 0;
  }

  get #text() {
    return this.#input.value.trim();
  }

  get #isShort() {
    return [...this.#searched].length < SHORTEST;
  }

  focus() {
    this.#input.focus();
    this.#input.select();
  }

  clear() {
    this.#input.value = "";
    this.#later();
  }

  #onKey(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      if (event.key === "Enter" && this.#text === this.#searched && !this.#isShort) this.#again();
      this.list.focusRow(this.list.keys[0]);
    } else if (event.key === "Escape" && this.isActive) {
      event.stopPropagation();
      this.clear();
    }
  }

  #later() {
    this.#onChange();
    clearTimeout(this.#timer);
    if (this.#text === this.#searched) return;
    this.#timer = setTimeout(() => this.#start(), this.isActive ? PAUSE : 0);
  }

  #start() {
    this.#searched = this.#text;
    this.#found.clear();
    this.#isComplete = this.#isShort;
    this.#isReading = false;
    this.#failed = null;
    this.#say(this.#isComplete && this.isActive ? t("search_longer") : "");
    this.list.show([]); // an empty list asks for more
  }

  /** Read the next page; or the first one again, with what came since, in the place of all. */
  async #read({ isAnew = false } = {}) {
    if ((this.#isComplete && !isAnew) || this.#isReading) return;
    this.#isReading = true;
    const wanted = this.#searched;
    const last = isAnew ? null : ([...this.#found.keys()].at(-1) ?? null);
    try {
      const { messages } = await this.#desk.client.call("message.search", wanted, last, PAGE);
      if (wanted !== this.#searched) return;
      if (isAnew) this.#found.clear();
      for (const message of messages) this.#found.set(message.message_id, message);
      this.#isComplete = messages.length < PAGE;
      this.#say(this.#found.size ? t("found_count", { n: this.#found.size }) : t("nothing_found", { text: wanted }));
      this.#isReading = false;
      this.list.show([...this.#found.keys()]);
    } catch (error) {
      if (!(error instanceof Disconnected || error instanceof Refused)) throw error;
      if (wanted === this.#searched) this.#fail({ isAnew });
    }
  }

  /** What was found before stays; it goes on when asked to. */
  #fail(page) {
    const retry = () => {
      this.#input.focus(); // the button goes
      this.#again();
    };
    this.#failed = page;
    this.#say(t("search_failed"), " ", h("button", { type: "button", class: "button", onclick: retry }, t("retry")));
  }

  /** Ask for what was refused, or else for all anew. */
  #again() {
    const page = this.#failed ?? { isAnew: true };
    if (this.#failed) this.#isReading = false;
    this.#failed = null;
    this.#read(page);
  }

  #say(...words) {
    this.#state.replaceChildren(...words);
  }
}
