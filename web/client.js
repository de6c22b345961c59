/** The client of docs/protocol.md, for the pages and any other front end. */

const FIRST_PAUSE = 500; // between attempts to connect, in milliseconds; it doubles
const LONGEST_PAUSE = 30_000;
const STEADY = 10_000; // a connection that held so long was a good one
const PATIENCE = 10_000; // for a connection to open, and for the answer to a question whether anybody is there
const LOADING = 30_000; // for the answers of a log-in: a slow line needs that long for 500 long messages
const QUIET = 25_000; // after it that question is asked
const LOG_IN_AGAIN = 1008;

/** The answer was an error, with its `code`. */
export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** The connection was lost before the answer: what was asked may have happened or not. */
export class Disconnected extends Error {}

/** `reason` is "wrong", "throttled" or "unavailable"; one may try again in `seconds`. */
export class LogInFailed extends Error {
  constructor(reason, seconds) {
    super(reason);
    this.reason = reason;
    this.seconds = seconds;
  }
}

/**
 * One user's session with the service. Fires
 * - "line": `line.state` is "out" (nobody is logged in), "connecting", "open", or "waiting" until `retryAt`, after a
 *   break that began at `since` (milliseconds);
 * - "enter" `{messages, isWhole, isFirst, status}`, on each connection and before its pushes: `messages` replace what
 *   the page has if `isWhole`, else they follow it;
 * - a push by its name, such as "message", with its content;
 * - "out" `{reason}`: "chosen" here, "elsewhere" in another tab, or "expired", which the store has too until a log-in.
 */
export class Client extends EventTarget {
  line = { state: "out", retryAt: 0, since: 0 };
  isOperator = null; // known once entered
  newestId = 0; // of all messages seen

  #origin;
  #store;
  #events;
  #socket = null;
  #pending = new Map(); // id → {resolve, reject}
  #held = null; // pushes that came before "enter" was fired
  #lastId = 0;
  #attempts = 0;
  #heardAt = 0;
  #skew = 0;
  #timer = null; // of the next attempt
  #deadline = null; // until the socket must have opened, or said something
  #hasEntered = false;
  #seen = null; // the session that the connection is of
  #token = ""; // that the connection authenticated with; another tab may have got a new one since
  #isStarted = false; // else it connects for nobody, whatever other tabs do

  /** @param {object} options the service's `origin`; a `store` (store.js) for the session; `events` to subscribe to */
  constructor({ origin, store, events }) {
    super();
    this.#origin = origin;
    this.#store = store;
    this.#events = events;
    store.addEventListener("change", ({ detail }) => ["", "session"].includes(detail.name) && this.#follow());
    addEventListener("online", () => this.tryNow());
    addEventListener("offline", () => this.#ask());
    addEventListener("pageshow", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    const isQuiet = () => Math.abs(Date.now() - this.#heardAt) > QUIET; // also after the clock was put back
    setInterval(() => isQuiet() && this.#ask(), QUIET / 5);
  }

  /** `{user_id, user_name, token}`, or null. */
  get session() {
    return this.#store.get("session");
  }

  /** The service's clock, in seconds. */
  get now() {
    return Math.floor((Date.now() + this.#skew) / 1000);
  }

  /** Get a token, and connect if `start()` was called. Rejects with LogInFailed. */
  async logIn(user_name, password) {
    const request = {
      method: "POST",
      body: JSON.stringify({ user_name, password }),
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      signal: AbortSignal.timeout(LOADING),
    };
    let response;
    try {
      response = await fetch(`${this.#origin}/v1/auth/`, request);
    } catch {
      throw new LogInFailed("unavailable", 0);
    }
    const seconds = Number(response.headers.get("Retry-After") ?? 0);
    if (response.status === 403) throw new LogInFailed(seconds ? "throttled" : "wrong", seconds);
    if (!response.ok) throw new LogInFailed("unavailable", seconds);
    const { result, id } = (await response.json().catch(() => null)) ?? {};
    if (!result?.token) throw new LogInFailed("unavailable", 0); // cut short, or not the service's
    this.#store.remove("expired");
    this.#store.set("session", { user_id: id, user_name: user_name.normalize("NFC"), token: result.token });
    this.#follow();
  }

  /** Forget the token, here and in the other tabs. */
  logOut() {
    this.#leave("chosen");
  }

  /** Connect, if somebody is logged in, and whenever somebody logs in from now on. */
  start() {
    this.#isStarted = true;
    this.#follow();
  }

  /** Don't wait for the next attempt. */
  tryNow() {
    if (this.line.state === "waiting") this.#connect();
  }

  /** End the connection, and make none until `start()`. */
  stop() {
    this.#isStarted = false;
    this.#drop();
    this.#set("out");
  }

  /** The result of a request. Rejects with Refused or Disconnected. */
  call(method, ...params) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Disconnected());
    const id = ++this.#lastId;
    const frame = JSON.stringify({ method, params, id }, (_, value) =>
      typeof value === "string" ? value.toWellFormed() : value, // half a character would be no answerable frame
    );
    this.#socket.send(frame);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** The session that the store has now may be another tab's doing. */
  #follow() {
    if (!this.#isStarted) return;
    const session = this.session;
    const reason = !session && this.#store.get("expired") ? "expired" : "elsewhere";
    if (this.#seen && session?.user_id !== this.#seen.user_id) this.#leave(reason, session);
    this.#seen = session;
    if (session && this.line.state === "out") this.#connect();
  }

  #leave(reason, successor = null) {
    this.#drop();
    this.#seen = null;
    this.#hasEntered = false;
    this.newestId = 0;
    this.isOperator = null;
    this.#attempts = 0;
    if (reason === "expired") this.#store.set("expired", true); // for the other tabs
    if (successor === null) this.#store.remove("session");
    this.#set("out");
    this.dispatchEvent(new CustomEvent("out", { detail: { reason } }));
  }

  // The connection

  #connect() {
    this.#drop();
    this.#set("connecting");
    const socket = new WebSocket(`${this.#origin.replace("http", "ws")}/v1/ws/`);
    this.#socket = socket;
    this.#expectWord(socket);
    socket.addEventListener("open", () => this.#enter(socket));
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => this.#lose(socket, code));
  }

  async #enter(socket) {
    this.#expectNothing();
    this.#expectWord(socket, LOADING);
    this.#held = [];
    const known = this.newestId;
    this.#token = this.session?.token ?? "";
    try {
      let page = await this.call("message.auth", this.#token, ...(known ? [known] : []));
      await this.call("events.subscribe", this.#events);
      const status = await this.call("desk.status");
      const isRestored = known > (status.last_message_id ?? known); // a backup, which has not what is here
      if (isRestored) page = await this.call("message.auth", this.#token);
      this.#admit({ messages: page.messages ?? [], has_more: page.has_more, known, isRestored, status });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
      this.#lose(socket); // the database is away, or the connection was lost
    }
  }

  #admit({ messages, has_more, known, isRestored, status }) {
    const openedAt = Date.now();
    this.#skew = status.now * 1000 - openedAt;
    this.isOperator = typeof status.operators_online === "number";
    const isOlder = isRestored || messages.some((message) => message.message_id <= known);
    const isWhole = known === 0 || Boolean(has_more) || isOlder;
    this.newestId = messages.reduce((id, message) => Math.max(id, message.message_id), isOlder ? 0 : known);
    const isFirst = !this.#hasEntered;
    this.#hasEntered = true;
    this.#expectNothing();
    this.#set("open", { openedAt });
    if (this.line.state !== "open") return; // whoever heard it logged out
    this.dispatchEvent(new CustomEvent("enter", { detail: { messages, isWhole, isFirst, status } }));
    const held = this.#held ?? [];
    this.#held = null;
    for (const push of held) this.#tell(push);
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    this.#expectNothing();
    if (this.line.state === "connecting") this.#expectWord(this.#socket, LOADING); // the next answer
    if (frame.id !== null) {
      const { resolve, reject } = this.#pending.get(frame.id) ?? {};
      this.#pending.delete(frame.id);
      if (frame.error) reject?.(new Refused(frame.error));
      else resolve?.(frame.result);
    } else if (frame.result) {
      if (this.#held) this.#held.push(frame.result);
      else this.#tell(frame.result);
    }
  }

  #tell(push) {
    for (const [name, content] of Object.entries(push)) {
      if (name === "message") this.newestId = Math.max(this.newestId, content.message_id);
      this.dispatchEvent(new CustomEvent(name, { detail: content }));
    }
  }

  /** Somebody looks, maybe after hours in which no timer ran. */
  #wake() {
    this.tryNow();
    this.#ask();
  }

  /** Is anybody there? A browser does not show the service's pings, and a dead network says nothing. */
  #ask() {
    const socket = this.#socket;
    if (this.line.state !== "open" || socket === null) return;
    this.#expectWord(socket);
    this.call("desk.status").catch(() => {});
  }

  /** A word must come within that time of the first asking: to ask again postpones nothing. */
  #expectWord(socket, milliseconds = PATIENCE) {
    this.#deadline ??= setTimeout(() => this.#lose(socket), milliseconds);
  }

  #expectNothing() {
    clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  #lose(socket, code) {
    if (socket !== this.#socket) return;
    if (code === LOG_IN_AGAIN) {
      if (this.#token === (this.session?.token ?? "")) this.#leave("expired");
      else this.#follow(); // another tab logged in meanwhile, maybe somebody else
      if (socket !== this.#socket) return;
    }
    const { openedAt, since } = this.line;
    this.#drop();
    if (openedAt && Date.now() - openedAt > STEADY) this.#attempts = 0;
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#attempts++);
    const pause = longest * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#connect(), pause);
    this.#set("waiting", { retryAt: Date.now() + pause, since: since || Date.now() });
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#held = null; // whoever logs out while it enters hears nothing more
    clearTimeout(this.#timer);
    this.#expectNothing();
    socket?.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Disconnected());
  }

  #set(state, { retryAt = 0, since = state === "connecting" ? this.line.since : 0, openedAt = 0 } = {}) {
    this.line = { state, retryAt, since, openedAt };
    this.dispatchEvent(new CustomEvent("line"));
  }
}
