import { h } from "../dom.js";
import { t } from "../texts.js";

const OFFERED = 8_000; // milliseconds

/** Offers for a while to open again what was closed. */
export class Undo {
  #words = h("span", {});
  #button = h("button", { type: "button", class: "button", title: "Z", onclick: () => this.act() }, t("undo"));
  element = h("div", { class: "undo fades", hidden: true }, this.#words, this.#button);
  #reopen;
  #userId = null;
  #timer = null;

  /** @param {function(number)} reopen opens a customer's conversation again */
  constructor(reopen) {
    this.#reopen = reopen;
  }

  offer(userId, words) {
    this.#userId = userId;
    this.#words.textContent = words;
    this.element.hidden = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), OFFERED);
  }

  /** It is open again, by whatever. */
  withdraw(userId) {
    if (userId === this.#userId) this.#end();
  }

  act() {
    if (this.#userId !== null) this.#reopen(this.#userId);
  }

  #expire() {
    if (this.element.contains(document.activeElement)) this.#timer = setTimeout(() => this.#expire(), OFFERED);
    else this.#end();
  }

  #end() {
    clearTimeout(this.#timer);
    this.#userId = null;
    this.element.hidden = true;
  }
}
