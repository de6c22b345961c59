import { focused, h } from "../dom.js";
import { t } from "../texts.js";

/** The state of the line in words. It changes every second while it waits, so it is in no live region. */
export class Line {
  #text = h("span");
  #client;
  #conversation;
  #title;

  /** @param {Element} title what has the focus where this is no more */
  constructor({ client, conversation, signal }, title) {
    this.#title = title;
    this.#client = client;
    this.#conversation = conversation;
    this.#tryNow = h("button", { type: "button", class: "link", onclick: () => client.tryNow() }, t("try_now"));
    this.element = h("p", { class: "line", tabindex: -1 }, h("span", { class: "dot" }), this.#text, this.#tryNow);
    client.addEventListener("line", () => this.#render(), { signal });
    conversation.addEventListener("change", () => this.#render(), { signal });
    const timer = setInterval(() => client.line.state === "waiting" && this.#render(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#render();
  }

  #tryNow;

  #render() {
    const { state } = this.#client.line;
    const isNobodyHere = state === "open" && this.#conversation.isAnybodyHere === false;
    this.element.dataset.state = isNobodyHere ? "nobody" : state;
    const words = isNobodyHere ? t("nobody_here") : this.#describe(state);
    if (this.#text.textContent !== words) this.#text.textContent = words;
    const isWaiting = state === "waiting";
    const hadFocus = focused(this.#tryNow) === this.#tryNow;
    if (hadFocus && !isWaiting) (state === "out" ? this.#title : this.element).focus(); // else the host page had it
    this.#tryNow.hidden = !isWaiting;
    this.element.hidden = state === "out";
  }

  #describe(state) {
    if (state !== "waiting") return t(state === "open" ? "connected" : "connecting");
    return t("reconnecting", { n: Math.max(1, Math.ceil((this.#client.line.retryAt - Date.now()) / 1000)) });
  }
}
