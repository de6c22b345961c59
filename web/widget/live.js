import { h } from "../dom.js";
import { Spoken } from "../spoken.js";
import { t } from "../texts.js";

/** What a screen reader says: new messages in one region, what happens to the line and to one's own in the other. */
export class Live {
  #log = new Spoken(t("new_messages"));
  #status = h("div", { role: "status" });
  #isLost;
  #typing = ""; // what was said of who types, until nobody does

  constructor({ client, conversation, signal }) {
    this.element = h("div", { class: "hidden" }, this.#log.element, this.#status);
    conversation.addEventListener("incoming", ({ detail }) => this.#hear(detail), { signal });
    conversation.addEventListener("change", () => this.#hearTyping(conversation.typist), { signal });
    conversation.outbox.addEventListener("refused", () => this.say(t("not_sent")), { signal });
    client.addEventListener("out", () => this.#forget(), { signal });
    client.addEventListener("line", () => this.#hearLine(client.line.state), { signal });
    this.#isLost = client.line.since > 0;
  }

  /** What one heard is not the next one's. */
  #forget() {
    this.#log.forget();
    this.#status.textContent = "";
  }

  say(words) {
    this.#status.textContent = words;
  }

  #hear({ invader_name, message_text }) {
    this.#log.hear(invader_name, message_text);
  }

  #hearTyping(typist) {
    if (typist && this.#typing) return;
    if (!typist && this.#status.textContent === this.#typing) this.say(""); // no longer true, and to be read there
    this.#typing = typist && t("typing", { name: typist });
    if (typist) this.say(this.#typing);
  }

  #hearLine(state) {
    if (state === "waiting" && !this.#isLost) this.say(t("connection_lost"));
    if (state === "open") this.say(this.#isLost ? t("connection_back") : ""); // what was said of the log-in is over
    if (state !== "connecting") this.#isLost = state === "waiting";
  }
}
