import { h } from "../dom.js";
import { Spoken } from "../spoken.js";
import { t } from "../texts.js";

const SHOWN = 6_000; // milliseconds

/** What is spoken to those who don't see the screen; and, in words for all, why something could not be done. */
export class Announcer {
  #log = new Spoken(t("new_messages"));
  #status = h("div", { role: "status", class: "hidden" });
  #toast = h("div", { role: "alert", class: "toast" });
  element = h("div", {}, this.#log.element, this.#status, this.#toast);
  #hide = null;
  #isOpen = null;

  /** A message came in. */
  hear(name, text) {
    this.#log.hear(name, text);
  }

  /** Something happened that others see. */
  say(words) {
    this.#status.textContent = words;
  }

  /** Something could not be done. It is told in an open dialog, which hides from eyes and ears what is behind it. */
  show(words) {
    const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
    const place = dialog ?? this.element;
    if (this.#toast.parentNode !== place) {
      place.append(this.#toast);
      dialog?.addEventListener("close", () => this.element.append(this.#toast), { once: true });
    }
    this.#toast.textContent = words;
    clearTimeout(this.#hide);
    this.#hide = setTimeout(() => this.#toast.replaceChildren(), SHOWN);
  }

  /** The connection is there, or not: spoken once each. */
  tellLine(isOpen) {
    if (this.#isOpen !== null && isOpen !== this.#isOpen) this.say(t(isOpen ? "connection_back" : "connection_lost"));
    if (isOpen || this.#isOpen !== null) this.#isOpen = isOpen;
  }
}
