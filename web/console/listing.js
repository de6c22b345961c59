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

  /** Load again what is loaded, by as many pages as it takes, or the first page. */
  async load() {
    await this.#read(null, this.isLoaded ? this.order.length : 0);
  }

  /** Load the next page. Where that failed, it is asked for by loading again. */
  async more() {
    if (this.#end && !this.hasFailed) await this.#read(this.#end, 0);
  }

  /** Read that many rows after a row, or more. Of what was there, what the service does not list any more goes. */
  async #read(after, number) {
    if (this.isLoading) return;
    const listed = new Set(after ? this.order : []);
    this.#set({ isLoading: true, hasFailed: false });
    try {
      const known = new Map(this.#desk.conversations);
      let found;
      let end = after;
      do {
        found = await this.#desk.client.call("conversation.list", this.#filter, end?.cursor ?? null, PAGE);
        const rows = found.conversations;
        for (const row of rows) this.#desk.learn(row);
        for (const { user_id } of rows) listed.add(user_id);
        end = rows.length < PAGE ? null : (this.#desk.conversations.get(rows.at(-1).user_id) ?? null);
      } while (end && listed.size < number);
      this.#end = end;
      const isGone = (id) => !listed.has(id) && this.#desk.conversations.get(id) === known.get(id);
      for (const id of this.order.filter(isGone)) this.#desk.forget(id);
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
