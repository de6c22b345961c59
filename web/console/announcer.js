import { h } from "../dom.js";
import { t } from "../texts.js";

const JOINED = 1_000; // milliseconds within which messages are spoken together
const KEPT = 5; // of the log's entries
const CUT = 200; // characters of a message that are spoken
const SHOWN = 6_000; // milliseconds

/** What is spoken to those who don't see the screen; and, in words for all, why something could not be done. */
export class Announcer {
  #log = h("div", { role: "log", class: "hidden", "aria-label": t("new_messages") });
  #status = h("div", { role: "status", class: "hidden" });
  #toast = h("div", { role: "alert", class: "toast" });
  element = h("div", {}, this.#log, this.#status, this.#toast);
  #heard = [];
  #timer = null;
  #hide = null;
  #isOpen = null;

  /** A message came in. */
  hear(name, text) {
    this.#heard.push(`${name}: ${[...text].slice(0, CUT).join("")}`);
    this.#timer ??= setTimeout(() => this.#speak(), JOINED);
  }

  /** Something happened that others see. */
  say(words) {
    this.#status.textContent = words;
  }

  /** Something could not be done. */
  show(words) {
    this.#toast.textContent = words;
    clearTimeout(this.#hide);
    this.#hide = setTimeout(() => this.#toast.replaceChildren(), SHOWN);
  }

  /** The connection is there, or not: spoken once each. */
  tellLine(isOpen) {
    if (this.#isOpen !== null && isOpen !== this.#isOpen) this.say(t(isOpen ? "connection_back" : "connection_lost"));
    if (isOpen || this.#isOpen !== null) this.#isOpen = isOpen;
  }

  #speak() {
    this.#timer = null;
    this.#log.append(h("p", {}, this.#heard.join("\n")));
    this.#heard = [];
    while (this.#log.children.length > KEPT) this.#log.firstChild.remove();
  }
}
