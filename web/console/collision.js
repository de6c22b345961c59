import { h, linked } from "../dom.js";
import { showTime, t } from "../texts.js";

/** Two people answered one question: what the colleague wrote, above the composer, until it is decided. */
export class Collision {
  element = h("div", { class: "collision", role: "alert", hidden: true });
  #desk;
  #since = new Map(); // customer's id → the newest message that was in view
  #drawn = "";
  #sendAnyway;
  #discard;
  #actions;
  #leave;

  /** @param {object} actions `sendAnyway()`, `discard()`; `leave()` gives the focus to the text, where this one goes */
  constructor(desk, { sendAnyway, discard, leave }) {
    this.#desk = desk;
    this.#leave = leave;
    const swallowRepeat = (event) => event.repeat && event.preventDefault(); // a key held down must not slip through
    const attributes = { type: "button", onkeydown: swallowRepeat };
    this.#sendAnyway = h("button", { ...attributes, class: "button primary", onclick: sendAnyway }, t("send_anyway"));
    this.#discard = h("button", { ...attributes, class: "button", onclick: discard }, t("discard"));
    this.#actions = h("div", { class: "actions" }, this.#sendAnyway, this.#discard);
    this.element.append(this.#actions);
    desk.client.addEventListener("out", () => this.#since.clear());
    desk.addEventListener("draft", ({ detail }) => detail.isElsewhere && this.#follow());
  }

  begin(userId, seenId) {
    this.#since.set(userId, Math.min(seenId, this.#since.get(userId) ?? Infinity));
  }

  end(userId) {
    this.#since.delete(userId);
    this.draw(userId);
  }

  isShown(userId) {
    return this.#since.has(userId);
  }

  focus() {
    this.#sendAnyway.focus();
  }

  draw(userId) {
    const since = this.#since.get(userId);
    this.element.hidden = since === undefined;
    const answers = since === undefined ? [] : this.#newer(since);
    const drawn = [userId, since, ...answers.map(({ message_id }) => message_id)].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    while (this.element.firstChild !== this.#actions) this.element.firstChild.remove(); // these keep the focus
    this.element.prepend(
      h("p", { class: "title" }, t("answered_first", { name: answers.at(-1)?.invader_name ?? t("colleague") })),
      ...answers.map(drawAnswer),
    );
  }

  /** Where another tab has left no draft, nothing is to be decided any more. */
  #follow() {
    const hadFocus = this.element.contains(document.activeElement);
    for (const userId of this.#since.keys()) {
      if (!this.#desk.drafts.get(userId, "answer")) this.#since.delete(userId);
    }
    this.draw(this.#desk.thread?.userId);
    if (hadFocus && this.element.hidden) this.#leave();
  }

  #newer(since) {
    const isOthers = (message) => message.is_from_support && message.invader_name !== this.#desk.me?.user_name;
    return (this.#desk.thread?.messages ?? []).filter((message) => message.message_id > since && isOthers(message));
  }
}

function drawAnswer({ message_text: text, created, invader_name: name }) {
  return h("blockquote", { dir: "auto" }, h("b", {}, `${name}, ${showTime(created)}: `), ...linked(text));
}
