import { Client, Disconnected, Refused } from "../client.js";
import { pause, throttled } from "../dom.js";
import { makeKey, Outbox, RETRIED, RETRY } from "../outbox.js";
import { Thread } from "./thread.js";

const EVENTS = ["typing", "read", "presence", "conversation", "note"];
const CACHED = 20; // threads kept beside the open one
const TYPING = 6_000; // milliseconds for which a typist is believed to type on
const OLDER = 100; // messages in a page of older ones
const TICK = 15_000; // milliseconds after which waits are told anew

/**
 * What the desk knows, for the regions to show: the conversations, the open one's thread, the colleagues.
 *
 * Fires "conversation" `{now, before}`, "counts", "operators", "replies", "typing"; "opened" when another thread is
 * open, "thread" when the open one changed; "enter" after each connection, with the client's detail; "tick" now and then.
 */
export class Desk extends EventTarget {
  conversations = new Map(); // by the customer's id, the newest version known
  operators = new Map(); // by id: {user_id, user_name, online, viewing}
  replies = [];
  counts = null; // {waiting, mine, open, closed, all}
  thread = null; // the open one
  #isHidden = false; // the open conversation, by the queue
  #forgotten = new Map(); // by the customer's id, what is in no list any more: a row may still show it
  #threads = new Map(); // by the customer's id; the last is the newest used
  #insisting = new Map(); // what is asked for until it comes, by a name → the newest asking
  #typingTold = { userId: 0, at: 0 };
  #triedNotes = new Map(); // by the customer's id: the last one, until it was acknowledged
  #typists = new Map(); // customer's id → Map(name → until when, milliseconds)

  constructor(origin, store) {
    super();
    this.store = store;
    this.client = new Client({ origin, store, events: EVENTS });
    this.outbox = new Outbox(this.client, store, (item) => this.#deliver(item));
    this.outbox.addEventListener("sent", ({ detail }) => this.#addMessage(detail.message));
    this.outbox.addEventListener("change", () => this.#tell("thread"));
    const client = this.client;
    client.addEventListener("enter", ({ detail }) => this.#enter(detail));
    client.addEventListener("message", ({ detail }) => this.#addMessage(detail));
    client.addEventListener("conversation", ({ detail }) => this.learn(detail));
    client.addEventListener("note", ({ detail }) => this.#addNote(detail));
    client.addEventListener("read", ({ detail }) => this.#markRead(detail));
    client.addEventListener("presence", ({ detail }) => this.#notePresence(detail));
    client.addEventListener("typing", ({ detail }) => this.#noteTyping(detail));
    client.addEventListener("out", () => this.#forget());
    setInterval(() => this.#tell("tick"), TICK);
  }

  get me() {
    return this.client.session;
  }

  get isOnline() {
    return this.client.line.state === "open";
  }

  /** A customer's conversation, as far as it is known. */
  find(userId) {
    const known = this.conversations.get(userId) ?? this.#threads.get(userId)?.conversation;
    return known ?? this.#forgotten.get(userId) ?? null;
  }

  /** The id of a customer's newest message that is known: of the thread, and where it is not loaded, of the list. */
  newestId(userId) {
    return this.#threads.get(userId)?.newestId ?? this.find(userId)?.last_message?.message_id ?? null;
  }

  operatorName(id) {
    return this.operators.get(id)?.user_name ?? "";
  }

  /** The colleagues that have a customer's conversation before them. */
  viewers(userId) {
    const others = [...this.operators.values()].filter(({ user_id }) => user_id !== this.me?.user_id);
    return others.filter(({ online, viewing }) => online && viewing.includes(userId));
  }

  /** The names of those who type in a conversation: colleagues', and "" for the customer. */
  typists(userId) {
    const now = Date.now();
    const names = [...(this.#typists.get(userId) ?? [])].filter(([, until]) => until > now).map(([name]) => name);
    return names.filter((name) => name !== this.me?.user_name);
  }

  /** The answers to a customer that are on their way, or wait for the line, the oldest first. */
  unsent(userId) {
    return this.outbox.unsent.filter((item) => item.user_id === userId && !item.failed);
  }

  // What the operator does

  /** Show a customer's conversation. What is known of it is there at once. */
  async open(userId) {
    const thread = this.#threads.get(userId) ?? new Thread(userId);
    this.#threads.delete(userId);
    this.#threads.set(userId, thread);
    const [oldest] = this.#threads.keys();
    if (this.#threads.size > CACHED) this.#threads.delete(oldest);
    this.thread = thread;
    thread.newId = undefined;
    this.#tell("opened");
    await this.reload(thread);
  }

  /** Read a thread's newest part again. */
  async reload(thread = this.thread) {
    thread.hasFailed = this.#isHidden = false;
    const known = thread.newestId ?? 0;
    try {
      const opened = await this.client.call("conversation.open", thread.userId);
      this.learn(opened.conversation);
      thread.refresh(opened, known);
    } catch (error) {
      thread.hasFailed = !thread.isLoaded;
      ignoreLoss(error);
    }
    this.#tell("thread");
  }

  /** The open conversation is out of sight: colleagues are not told any more that it is viewed. */
  hide() {
    if (this.thread === null || this.#isHidden) return;
    this.#isHidden = true;
    this.#insist("view", async () => this.#isHidden && this.client.call("conversation.open", null));
  }

  /** It is in sight again, with what came meanwhile. */
  reveal() {
    if (this.#isHidden) this.reload();
  }

  /** Read a page of older messages, one at a time. Returns whether one came: there may be none, or it was refused. */
  async readOlder(thread = this.thread, limit = OLDER) {
    if (!thread?.hasOlder || !this.isOnline) return false;
    thread.reading ??= this.#readPage(thread, limit).finally(() => (thread.reading = null));
    return thread.reading;
  }

  async #readPage(thread, limit) {
    try {
      const { oldestId } = thread;
      const page = await this.client.call("message.history", thread.userId, oldestId, limit);
      if (oldestId === thread.oldestId) thread.prepend(page); // else another list has come meanwhile
    } catch (error) {
      ignoreLoss(error);
      return false; // and untold: who is told draws, and asks again at once
    }
    this.#tell("thread");
    return true;
  }

  send(userId, text, seenId) {
    this.outbox.add({ user_id: userId, text, seen_id: seenId });
  }

  /** Rejects with Refused or Disconnected, as the three below do; the same text is then added once, however often. */
  async addNote(userId, text) {
    const tried = this.#triedNotes.get(userId);
    const key = tried?.text === text ? tried.key : makeKey();
    this.#triedNotes.set(userId, { text, key });
    const { note } = await this.client.call("note.add", userId, text, key);
    this.#triedNotes.delete(userId);
    this.#addNote(note);
  }

  async assign(userId, operatorId) {
    this.learn((await this.client.call("conversation.assign", userId, operatorId)).conversation);
  }

  /** False where an answer that was on its way was refused: the conversation stays open. */
  async close(userId) {
    const seenId = this.newestId(userId);
    if (!(await this.#finishSending(userId))) return false;
    this.learn((await this.client.call("conversation.close", userId, seenId)).conversation);
    return true;
  }

  /** An answer that came behind a close would open the conversation again. Returns whether all were sent. */
  async #finishSending(userId) {
    for (let [item] = this.unsent(userId); item; [item] = this.unsent(userId)) {
      if (this.outbox.stateOf(item) === "waiting") throw new Disconnected();
      await new Promise((resolve) => this.outbox.addEventListener("change", resolve, { once: true }));
      const now = this.outbox.items.find(({ key }) => key === item.key);
      if (!now || now.failed) return false;
    }
    return true;
  }

  async reopen(userId) {
    this.learn((await this.client.call("conversation.close", userId, null, false)).conversation);
  }

  /** The customer's messages up to that one were seen; the answers behind the last of them go with it. */
  markRead(userId, messageId) {
    this.#insist(`read ${userId}`, async () => {
      const thread = this.#threads.get(userId);
      const seenId = thread?.countUnread(messageId) === 0 ? thread.newestId : messageId;
      const { read_id } = await this.client.call("message.read", userId, seenId);
      this.#markRead({ user_id: userId, operator_read_id: read_id });
    });
  }

  /** A key was pressed in an answer; the others hear of it now and then. */
  tellTyping(userId) {
    const told = this.#typingTold;
    if (!this.isOnline || (told.userId === userId && Date.now() < told.at + TYPING / 2)) return;
    this.#typingTold = { userId, at: Date.now() };
    this.client.call("message.typing", userId).catch(ignoreLoss);
  }

  async loadReplies(method = "reply.list", ...params) {
    this.replies = (await this.client.call(method, ...params)).replies;
    this.#tell("replies");
  }

  /** Where replies are shown: nobody is told of those that a colleague, or another tab, has saved. */
  refreshReplies = throttled(1_000, () => this.loadReplies().catch(ignoreLoss));

  // What comes in

  /** Take in a conversation, unless a newer version is known. */
  learn(conversation) {
    const before = this.conversations.get(conversation.user_id);
    if (before && before.version > conversation.version) return;
    const [waitingId, lastId] = conversation.cursor.split(".").map(Number);
    const now = { ...conversation, waitingId, lastId };
    this.conversations.set(now.user_id, now);
    const thread = this.#threads.get(now.user_id);
    if (thread) thread.conversation = now;
    this.#tell("conversation", { now, before });
    this.countAgain();
  }

  /** A conversation of which the list knows no more. */
  forget(userId) {
    this.#forgotten.set(userId, this.conversations.get(userId));
    this.conversations.delete(userId);
  }

  countAgain = throttled(1_000, async () => {
    try {
      if (this.isOnline) this.count(await this.client.call("conversation.list", "waiting", null, 0));
    } catch (error) {
      ignoreLoss(error);
    }
  });

  count({ counts }) {
    this.counts = counts;
    this.#tell("counts");
  }

  async #enter(detail) {
    if (!this.client.isOperator) return;
    this.#tell("enter", detail);
    if (detail.isWhole) this.#threads.forEach((thread) => thread.break());
    else detail.messages.forEach((message) => this.#addMessage(message));
    if (this.thread && !this.#isHidden) this.reload();
    this.#insist("operators", () => this.#loadOperators());
    this.#insist("replies", () => this.loadReplies());
  }

  async #loadOperators() {
    const { operators } = await this.client.call("operator.list");
    this.operators = new Map(operators.map((operator) => [operator.user_id, operator]));
    this.#tell("operators");
  }

  /** What is refused for the moment is asked for until it comes, or something newer of that name is. */
  async #insist(name, ask) {
    this.#insisting.set(name, ask);
    while (this.#insisting.get(name) === ask) {
      try {
        return await ask();
      } catch (error) {
        ignoreLoss(error);
        if (!RETRIED.includes(error.code)) return;
        await pause(RETRY);
      }
    }
  }

  async #deliver({ text, user_id, key, seen_id }) {
    return (await this.client.call("message.operatorSend", text, user_id, key, seen_id)).message;
  }

  #addMessage(message) {
    const thread = this.#threads.get(message.user_id);
    this.#typists.get(message.user_id)?.delete(message.invader_name);
    if (thread?.add(message) && thread === this.thread) this.#tell("thread");
    this.#tell("typing");
  }

  #addNote(note) {
    const thread = this.#threads.get(note.user_id);
    if (thread?.addNote(note) && thread === this.thread) this.#tell("thread");
  }

  #markRead({ user_id, ...marks }) {
    const conversation = this.find(user_id);
    if (!conversation) return;
    const now = { ...conversation, ...marks };
    const thread = this.#threads.get(user_id);
    const isAll = now.operator_read_id >= (now.last_message?.message_id ?? 0);
    now.unread = isAll ? 0 : (thread?.countUnread(now.operator_read_id) ?? now.unread);
    this.#amend(now, conversation);
    if (thread === this.thread) this.#tell("thread");
  }

  /** What was forgotten stays so: its thread's state may be an old one. */
  #amend(now, before) {
    const thread = this.#threads.get(now.user_id);
    if (this.conversations.has(now.user_id)) this.conversations.set(now.user_id, now);
    if (thread) thread.conversation = now;
    this.#tell("conversation", { now, before });
  }

  #notePresence({ is_operator, ...person }) {
    if (is_operator) {
      this.operators.set(person.user_id, person);
      this.#tell("operators");
      return;
    }
    const conversation = this.find(person.user_id);
    if (conversation) this.#amend({ ...conversation, online: person.online }, conversation);
  }

  #noteTyping({ user_id, invader_name }) {
    if (!this.#typists.has(user_id)) this.#typists.set(user_id, new Map());
    this.#typists.get(user_id).set(invader_name, Date.now() + TYPING);
    this.#tell("typing");
    setTimeout(() => this.#tell("typing"), TYPING + 100);
  }

  #forget() {
    for (const known of [this.conversations, this.#forgotten, this.#threads, this.#typists]) known.clear();
    this.thread = this.counts = null;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** What is lost with the connection, or refused for the moment, is asked for again on the next "enter". */
function ignoreLoss(error) {
  if (!(error instanceof Disconnected || error instanceof Refused)) throw error;
}
