import { h } from "../dom.js";
import { t } from "../texts.js";

const PAUSE = 1000; // messages within it are read out together
const KEPT = 5;
const LONGEST = 200; // characters of a message

/** What a screen reader says: new messages in one region, what happens to the line and to one's own in the other. */
export class Live {
  #log = h("div", { role: "log" });
  #status = h("div", { role: "status" });
  #waiting = [];
  #timer = null;
  #isLost = false;
  #typist = "";

  constructor({ client, conversation, signal }) {
    this.element = h("div", { class: "hidden" }, this.#log, this.#status);
    conversation.addEventListener("incoming", ({ detail }) => this.#hear(detail), { signal });
    conversation.addEventListener("change", () => this.#hearTyping(conversation.typist), { signal });
    conversation.outbox.addEventListener("refused", () => this.say(t("not_sent")), { signal });
    client.addEventListener("line", () => this.#hearLine(client.line.state), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  say(words) {
    this.#status.textContent = words;
  }

  #hear({ invader_name, message_text }) {
    this.#waiting.push(`${invader_name}: ${Array.from(message_text).slice(0, LONGEST).join("")}`);
    this.#timer ??= setTimeout(() => this.#read(), PAUSE);
  }

  #read() {
    this.#log.append(...this.#waiting.splice(0).map((words) => h("p", {}, words)));
    while (this.#log.children.length > KEPT) this.#log.firstChild.remove();
    this.#timer = null;
  }

  #hearTyping(typist) {
    if (typist && !this.#typist) this.say(t("typing", { name: typist }));
    this.#typist = typist;
  }

  #hearLine(state) {
    if (state === "waiting" && !this.#isLost) this.say(t("connection_lost"));
    if (state === "open" && this.#isLost) this.say(t("connection_back"));
    if (state !== "connecting") this.#isLost = state === "waiting";
  }
}
