import { Disconnected, Refused } from "../client.js";
import { pause } from "../dom.js";
import { Outbox, RETRIED, RETRY } from "../outbox.js";
import { makeRows } from "../rows.js";

const WHOLE = 500; // messages in the first answer at most: where so many came, there may be older ones
const PAGE = 100;
const TYPING = 6_000; // milliseconds for which somebody who typed is shown to type

/**
 * What the customer and the service have said, and what each has read of it.
 *
 * Fires "change"; "entered" where the connection is there again; "incoming" with each new message of an operator.
 */
export class Conversation extends EventTarget {
  messages = []; // by rising id
  readId = 0; // up to which the customer has read
  theirReadId = 0; // up to which the operators have
  isAnybodyHere = null; // of the operators
  typist = "";
  isLoading = false;

  #client;
  #store;
  #userId = 0;
  #left = null; // the name of the draft of whom this tab has logged out, until somebody logs in
  #hasOlder = false;
  #typingTimer = null;
  #untoldId = 0; // up to which the customer has read, where the service does not know it yet
  #isTelling = false; // what was read

  constructor(client, store) {
    super();
    this.#client = client;
    this.#store = store;
    this.#userId = client.session?.user_id ?? 0;
    this.outbox = new Outbox(client, store, async ({ text, key }) => {
      const { message } = await client.call("message.send", text, key);
      return message;
    });
    this.outbox.addEventListener("change", () => this.#changed());
    this.outbox.addEventListener("sent", ({ detail }) => this.#add([detail.message]));
    store.addEventListener("change", ({ detail }) => this.#sweep(detail.name));
    client.addEventListener("line", () => this.#follow());
    client.addEventListener("enter", ({ detail }) => client.isOperator || this.#enter(detail));
    client.addEventListener("message", ({ detail }) => this.#receive([detail]));
    client.addEventListener("typing", ({ detail }) => this.#showTyping(detail.invader_name));
    client.addEventListener("read", ({ detail }) => this.#mark(detail));
    client.addEventListener("presence", ({ detail }) => this.#update({ isAnybodyHere: detail.operators_online }));
    client.addEventListener("out", ({ detail }) => this.#forget(detail.reason));
  }

  /** The operators' messages that the customer has not read. */
  get unread() {
    return this.messages.filter((message) => message.is_from_support && message.message_id > this.readId);
  }

  /** The items of the outbox that are no messages yet, as rows.js takes them. */
  get pending() {
    return this.outbox.unsent.map((item) => ({ ...item, state: this.outbox.stateOf(item) }));
  }

  /** What a transcript shows of it (rows.js). */
  makeRows(newId = null) {
    const { messages, pending, theirReadId: readId } = this;
    return makeRows({ messages, pending, isOwn: (message) => !message.is_from_support, readId, newId });
  }

  /** The text that is being written; kept for each user. */
  get draft() {
    return this.#store.get(this.draftName) ?? "";
  }

  set draft(text) {
    if (this.#userId === 0) return;
    if (text) this.#store.set(this.draftName, text);
    else this.#store.remove(this.draftName);
  }

  get draftName() {
    return `draft:${this.#userId}`;
  }

  send(text) {
    this.outbox.add({ text });
  }

  /** Tell the operators that the customer types. */
  type() {
    this.#client.call("message.typing").catch(expect);
  }

  /** The customer has read up to that message. */
  read(id) {
    this.#untoldId = Math.max(this.#untoldId, id);
    this.#update({ readId: Math.max(this.readId, id) });
    this.#tellRead();
  }

  /** Older messages, where there are some. */
  async loadOlder() {
    if (!this.#hasOlder || this.isLoading || this.#client.line.state !== "open") return;
    const [oldest] = this.messages;
    this.#update({ isLoading: true });
    try {
      const { messages, has_more } = await this.#client.call("message.history", oldest.message_id, PAGE);
      if (oldest !== this.messages[0]) return; // another list has come meanwhile
      this.#hasOlder = has_more;
      this.messages = [...messages, ...this.messages];
    } catch (error) {
      expect(error);
      if (error instanceof Refused) await pause(RETRY); // its own "change" asks for them again
    } finally {
      this.#update({ isLoading: false });
    }
  }

  /** Log out, here and in all tabs, and leave nothing behind. */
  leave() {
    this.outbox.clear();
    this.draft = "";
    this.#left = this.draftName;
    this.#client.logOut();
  }

  /** What another tab saves while this one logs out is not known here until later. */
  #sweep(name) {
    if (this.#client.session) this.#left = null; // somebody logged in, maybe while the host page has this one out
    else if (name === this.#left) this.#store.remove(name);
  }

  #follow() {
    this.#userId = this.#client.session?.user_id ?? this.#userId;
    if (this.#client.session) this.#left = null;
    if (this.#client.line.state !== "open") this.typist = "";
    this.#changed();
  }

  #enter({ messages, isWhole, status }) {
    if (isWhole) {
      this.messages = [];
      this.#hasOlder = messages.length >= WHOLE;
      this.#untoldId = Math.min(this.#untoldId, messages.at(-1)?.message_id ?? 0); // a backup may have less
      this.theirReadId = 0;
    }
    this.isAnybodyHere = status.operators_online;
    this.readId = Math.max(status.customer_read_id ?? 0, this.#untoldId);
    this.theirReadId = Math.max(this.theirReadId, status.operator_read_id ?? 0);
    if (isWhole) this.#add(messages);
    else this.#receive(messages);
    if (this.#untoldId) this.#tellRead();
    this.dispatchEvent(new CustomEvent("entered"));
  }

  #receive(messages) {
    const known = this.messages.at(-1)?.message_id ?? 0;
    this.#add(messages);
    for (const message of messages) {
      if (!message.is_from_support || message.message_id <= known) continue;
      this.#stopTyping();
      this.dispatchEvent(new CustomEvent("incoming", { detail: message }));
    }
  }

  #add(messages) {
    const known = new Set(this.messages.map((message) => message.message_id));
    const added = messages.filter((message) => !known.has(message.message_id));
    const byId = (one, other) => one.message_id - other.message_id;
    this.#update({ messages: [...this.messages, ...added].sort(byId) });
  }

  #mark({ customer_read_id, operator_read_id }) {
    this.readId = Math.max(this.readId, customer_read_id ?? 0);
    this.theirReadId = Math.max(this.theirReadId, operator_read_id ?? 0);
    this.#changed();
  }

  #showTyping(name) {
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.#stopTyping(), TYPING);
    this.#update({ typist: name });
  }

  #stopTyping() {
    clearTimeout(this.#typingTimer);
    this.#update({ typist: "" });
  }

  #forget(reason) {
    if (reason !== "expired") this.#userId = 0; // after "expired" the composer still keeps its text
    this.messages = [];
    this.readId = this.#untoldId = 0;
    this.theirReadId = 0;
    this.isAnybodyHere = null;
    this.#stopTyping();
  }

  /** What a break swallows is told on the next "enter". */
  async #tellRead() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#untoldId) {
      const id = this.#untoldId;
      try {
        await this.#client.call("message.read", id);
        if (id === this.#untoldId) this.#untoldId = 0; // else more was read meanwhile
      } catch (error) {
        expect(error);
        if (!RETRIED.includes(error.code)) break;
        await pause(RETRY);
      }
    }
    this.#isTelling = false;
  }

  #update(values) {
    Object.assign(this, values);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}

/** A lost connection and a refusal are part of a conversation's life; anything else is a mistake of ours. */
function expect(error) {
  if (!(error instanceof Disconnected || error instanceof Refused)) throw error;
}
