const PAUSE = 300; // milliseconds without a key before a draft is saved

/**
 * What an operator has begun to write, per customer and kind ("answer", "note"): `{text, seen_id}`, the latter being
 * the newest message when it was begun. It is kept in the store until it is sent or its operator logs out.
 */
export class Drafts {
  #desk;
  #unsaved = new Map(); // name → draft
  #timer = null;

  /** Fires "draft" `{isElsewhere}` at the desk when one changed, here or in another tab. */
  constructor(desk) {
    this.#desk = desk;
    desk.store.addEventListener("change", ({ detail: { name } }) => name.startsWith(this.#prefix) && this.#tell(true));
    addEventListener("pagehide", () => this.save());
    desk.client.addEventListener("out", ({ detail }) => {
      if (detail.reason === "expired")
        this.save(); // and comes back with the log-in
      else this.#unsaved.clear();
    });
  }

  /** The draft, or null. */
  get(userId, kind) {
    const name = this.#name(userId, kind);
    const draft = this.#unsaved.get(name) ?? this.#desk.store.get(name);
    return draft?.text ? draft : null;
  }

  set(userId, kind, text, seenId) {
    const before = this.get(userId, kind);
    this.#unsaved.set(this.#name(userId, kind), { text, seen_id: before ? before.seen_id : seenId });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), PAUSE);
    this.#tell();
  }

  /** What was begun is there again, as after an answer that was refused; what was typed since stands behind it. */
  giveBack(userId, kind, text, seenId) {
    const since = this.get(userId, kind)?.text;
    this.discard(userId, kind);
    this.set(userId, kind, since ? `${text}\n${since}` : text, seenId);
    this.save(); // at once: the outbox has it no more
  }

  discard(userId, kind) {
    this.#unsaved.delete(this.#name(userId, kind));
    this.#desk.store.remove(this.#name(userId, kind));
    this.#tell();
  }

  save() {
    clearTimeout(this.#timer);
    for (const [name, draft] of this.#unsaved) {
      if (draft.text) this.#desk.store.set(name, draft);
      else this.#desk.store.remove(name);
    }
    this.#unsaved.clear();
  }

  /** How many there are. */
  get count() {
    this.save();
    return this.#desk.store.names(this.#prefix).length;
  }

  /** Forget all of this operator's. */
  clear() {
    this.#unsaved.clear();
    for (const name of this.#desk.store.names(this.#prefix)) this.#desk.store.remove(name);
  }

  #tell(isElsewhere = false) {
    this.#desk.dispatchEvent(new CustomEvent("draft", { detail: { isElsewhere } }));
  }

  get #prefix() {
    return `draft:${this.#desk.me?.user_id ?? 0}:`;
  }

  #name(userId, kind) {
    return `${this.#prefix}${userId}:${kind}`;
  }
}
