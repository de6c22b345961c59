import { h, icon } from "../dom.js";
import { t } from "../texts.js";

const MOST = 9;

/** The button in the page's corner that opens and closes the panel and counts what is unread. */
export class Launcher {
  #badge = h("span", { class: "badge", "aria-hidden": "true" });
  #isOpen = false;
  #unread = 0;

  constructor(toggle) {
    this.element = h("button", { type: "button", class: "launcher", onclick: toggle }, icon("chat"), this.#badge);
    this.#render();
  }

  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    this.#render();
  }

  set unread(count) {
    this.#unread = count;
    this.#render();
  }

  #render() {
    const closed = this.#unread ? t("open_chat_unread", { n: this.#unread }) : t("open_chat");
    this.element.setAttribute("aria-label", this.#isOpen ? t("close_chat") : closed);
    this.element.setAttribute("aria-expanded", this.#isOpen);
    this.element.firstChild.replaceWith(icon(this.#isOpen ? "down" : "chat"));
    this.#badge.hidden = this.#isOpen || this.#unread === 0;
    this.#badge.textContent = this.#unread > MOST ? `${MOST}+` : this.#unread;
  }
}
