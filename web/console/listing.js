import { Disconnected, Refused } from "../client.js";

export const FILTERS = ["waiting", "mine", "open", "closed"];

const PAGE = 100;

const MATCH = {
  waiting: (conversation) => conversation.waiting_since !== null,
  mine: (conversation, me) => conversation.status === "open" && conversation.operator_id === me,
  open: (conversation) => conversation.status === "open",
  closed: (conversation) => conversation.status === "closed",
};

const byWait = (one, other) => one.waitingId - other.waitingId;
const byActivity = (one, other) => other.lastId - one.lastId || other.user_id - one.user_id;

/**
 * The order of one of the desk's lists, as `conversation.list` has it, kept true by what the desk hears. It is loaded
 * from its top on, by pages. Fires "change".
 */
export class Listing extends EventTarget {
  isLoading = false;
  hasFailed = false;
  isLoaded = false;
  #desk;
  #filter;
  #end = null; // the last row loaded; null where all are

  constructor(desk, filter) {
    super();
    this.#desk = desk;
    this.#filter = filter;
  }

  /** The customers' ids, in the list's order. */
  get order() {
    const compare = this.#filter === "waiting" ? byWait : byActivity;
    const me = this.#desk.me?.user_id;
    const found = [...this.#desk.conversations.values()].filter((one) => MATCH[this.#filter](one, me)).sort(compare);
    const end = this.#end;
    return (end ? found.filter((one) => compare(one, end) <= 0) : found).map(({ user_id }) => user_id);
  }

  /** Load the top again. What the service knows no more goes; what it still has stays. */
  async load() {
    const known = new Map(this.#desk.conversations);
    await this.#read(null, (rows) => {
      const listed = new Set(rows.map(({ user_id }) => user_id));
      const gone = this.order.filter((id) => !listed.has(id) && this.#desk.conversations.get(id) === known.get(id));
      for (const id of gone) this.#desk.forget(id);
    });
  }

  /** Load the next page. Where that failed, it is asked for by loading again. */
  async more() {
    if (this.#end && !this.isLoading && !this.hasFailed) await this.#read(this.#end.cursor, () => {});
  }

  async #read(before, then) {
    if (this.isLoading) return;
    this.#set({ isLoading: true, hasFailed: false });
    try {
      const found = await this.#desk.client.call("conversation.list", this.#filter, before, PAGE);
      const rows = found.conversations;
      for (const row of rows) this.#desk.learn(row);
      this.#end = rows.length < PAGE ? null : (this.#desk.conversations.get(rows.at(-1).user_id) ?? null);
      then(rows);
      this.#desk.count(found);
      this.#set({ isLoading: false, isLoaded: true });
    } catch (error) {
      if (!(error instanceof Disconnected || error instanceof Refused)) throw error;
      this.#set({ isLoading: false, hasFailed: true });
    }
  }

  #set(state) {
    Object.assign(this, state);
    this.dispatchEvent(new CustomEvent("change"));
  }
}
