import { h } from "./dom.js";

const JOINED = 1_000; // milliseconds within which messages are spoken together
const KEPT = 5; // of the log's entries
const CUT = 200; // characters of a message that are spoken

/** The log that a screen reader reads out: the new messages of others, and nothing else. */
export class Spoken {
  #heard = [];
  #timer = null;

  /** @param {string} label the log's name */
  constructor(label) {
    this.element = h("div", { role: "log", class: "hidden", "aria-label": label });
  }

  /** A message came in. */
  hear(name, text) {
    this.#heard.push(`${name}: ${[...text].slice(0, CUT).join("")}`);
    this.#timer ??= setTimeout(() => this.#speak(), JOINED);
  }

  /** Somebody else comes. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#heard = [];
    this.element.replaceChildren();
  }

  #speak() {
    this.#timer = null;
    this.element.append(h("p", {}, this.#heard.splice(0).join("\n")));
    while (this.element.children.length > KEPT) this.element.firstChild.remove();
  }
}
