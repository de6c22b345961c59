import { Disconnected, Refused } from "./client.js";

const DAY = 86_400_000;
const KEPT = 60_000; // an acknowledged item, so that the other tabs learn its message's id
export const RETRY = 2_000; // after "unavailable" and "too many requests"
const OTHERS = 3_000; // what another tab wrote and has not sent by then
export const RETRIED = [5, 6];

/** A new key for `message.send`, `message.operatorSend` and `note.add`. */
export function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // crypto.randomUUID is for secure origins alone
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What was written and is not acknowledged. It is in the store until then, under a key with which the service stores it
 * once, whichever tab sends it. An item is `{key, created, text, …}`, `created` in milliseconds; with `failed`, an
 * error's code or "old", it waits for a decision; with `message_id` it was acknowledged.
 *
 * Fires "change"; "sent" `{item, message}`; "refused" `{item, code}` where it failed, and "taken" with the same where
 * another tab has taken it out since.
 */
export class Outbox extends EventTarget {
  #client;
  #store;
  #send;
  #isBusy = false;
  #isPutOff = false; // by the service, until it takes one
  #timer = null;

  /** @param send sends an item and gives the promise of its message. */
  constructor(client, store, send) {
    super();
    this.#client = client;
    this.#store = store;
    this.#send = send;
    client.addEventListener("enter", () => this.flush());
    client.addEventListener("line", () => this.#changed());
    store.addEventListener("change", ({ detail: { name } }) => {
      if (name !== "" && !name.startsWith("outbox:")) return;
      this.#changed();
      this.#flushIn(OTHERS);
    });
  }

  /** All items of the user, the oldest first. */
  get items() {
    const items = this.#store.names(this.#prefix).map((name) => this.#store.get(name));
    return items.filter((item) => item !== null).sort((one, other) => one.created - other.created);
  }

  /** Those that nobody has acknowledged. */
  get unsent() {
    return this.items.filter((item) => !item.message_id);
  }

  /** What a page shows of an item that is no message yet: "failed", "sending", or "waiting" for a line or the service. */
  stateOf(item) {
    if (item.failed) return "failed";
    return this.#client.line.state === "open" && !this.#isPutOff ? "sending" : "waiting";
  }

  /** Keep an item and send it as soon as it can be. */
  add(content) {
    const key = makeKey();
    const newest = this.items.at(-1)?.created ?? 0;
    const item = { ...content, key, created: Math.max(Date.now(), newest + 1) };
    this.#write(item);
    this.flush();
    return item;
  }

  /** Send an item again that failed. */
  retry(key) {
    const { failed, ...item } = this.#read(key) ?? {};
    if (!failed) return;
    this.#write({ ...item, created: Date.now() - item.created < DAY ? item.created : Date.now() });
    this.flush();
  }

  remove(key) {
    this.#store.remove(this.#prefix + key);
    this.#changed();
  }

  /** Forget everything of the user. */
  clear() {
    for (const { key } of this.items) this.#store.remove(this.#prefix + key);
    this.#changed();
  }

  /** Send what waits, one after the other, so that it is stored in the order in which it was written. */
  async flush() {
    if (this.#isBusy || this.#client.line.state !== "open") return;
    this.#isBusy = true;
    try {
      for (let item = this.#next(); item; item = this.#next()) await this.#deliver(item);
    } catch (error) {
      if (error instanceof Refused) this.#putOff();
      else if (!(error instanceof Disconnected)) throw error; // a lost connection: the next "enter" goes on
    } finally {
      this.#isBusy = false;
    }
  }

  async #deliver(item) {
    try {
      const message = await this.#send(item);
      this.#isPutOff = false;
      this.#acknowledge(item, message);
    } catch (error) {
      if (!(error instanceof Refused) || RETRIED.includes(error.code)) throw error;
      this.#fail(item, error.code);
    }
  }

  /** The oldest that can be sent; what was acknowledged long ago goes on the way. */
  #next() {
    for (const item of this.items) {
      if (item.message_id && Date.now() - item.acknowledged > KEPT) this.#store.remove(this.#prefix + item.key);
      if (item.message_id || item.failed) continue;
      if (Date.now() - item.created < DAY) return item;
      this.#fail(item, "old");
    }
    return null;
  }

  #acknowledge(item, message) {
    this.#client.newestId = Math.max(this.#client.newestId, message.message_id);
    this.dispatchEvent(new CustomEvent("sent", { detail: { item, message: { ...message, key: item.key } } }));
    if (!this.#read(item.key)) return;
    this.#write({ key: item.key, created: item.created, message_id: message.message_id, acknowledged: Date.now() });
  }

  #fail(item, code) {
    const isTaken = !this.#read(item.key);
    if (!isTaken) this.#write({ ...item, failed: code });
    this.dispatchEvent(new CustomEvent(isTaken ? "taken" : "refused", { detail: { item, code } }));
  }

  get #prefix() {
    return `outbox:${this.#client.session?.user_id ?? 0}:`;
  }

  #read(key) {
    return this.#store.get(this.#prefix + key);
  }

  #write(item) {
    this.#store.set(this.#prefix + item.key, item);
    this.#changed();
  }

  /** The service can't now, or wants less at a time. */
  #putOff() {
    this.#isPutOff = true;
    this.#flushIn(RETRY);
    this.#changed();
  }

  #flushIn(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), milliseconds);
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
