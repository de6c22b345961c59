/** The messages and notes of one customer's conversation, as far as they are loaded: without a gap up to the newest. */
export class Thread {
  conversation = null;
  messages = []; // by rising id
  notes = [];
  hasOlder = false;
  isLoaded = false;
  reading = null; // the promise of older ones that are on their way
  hasFailed = false;
  wholeTo = null; // after a long break, the message up to which none is missing; null where none is missing at all
  newId = undefined; // the first message under the line "New"; null for none, undefined until it is known

  constructor(userId) {
    this.userId = userId;
  }

  get oldestId() {
    return this.messages[0]?.message_id ?? null;
  }

  get newestId() {
    return this.messages.at(-1)?.message_id ?? null;
  }

  /**
   * Take in the answer to `conversation.open`. What is older stays where it joins on, and what came behind the message
   * `known`, which was the newest when it was asked for; others that it has not are gone: a backup was restored.
   */
  refresh({ conversation, messages, notes }, known) {
    const oldest = messages[0]?.message_id ?? Infinity;
    const joins = this.isLoaded && this.newestId !== null && (this.wholeTo ?? this.newestId) >= oldest;
    const kept = joins ? this.messages.filter(({ message_id }) => message_id < oldest) : [];
    const newest = Math.max(known, messages.at(-1)?.message_id ?? 0);
    const newer = this.messages.filter(({ message_id }) => message_id > newest);
    const keys = new Map(this.messages.map(({ message_id, key }) => [message_id, key])); // of their rows
    this.messages = [...kept, ...messages.map((one) => ({ ...one, key: keys.get(one.message_id) })), ...newer];
    if (!joins) this.hasOlder = messages.length >= 100;
    this.notes = notes;
    this.isLoaded = true;
    this.wholeTo = null;
    if (this.newId === undefined) {
      const isNew = (message) => !message.is_from_support && message.message_id > conversation.operator_read_id;
      this.newId = conversation.unread ? (this.messages.find(isNew)?.message_id ?? null) : null;
    }
  }

  /** How many of the customer's messages stand above that id; null where not all of them are loaded. */
  countUnread(readId) {
    if (!this.isLoaded || this.wholeTo !== null || (this.hasOlder && this.messages[0].message_id > readId)) return null;
    return this.messages.filter((message) => !message.is_from_support && message.message_id > readId).length;
  }

  /** More came than is told: what comes from now on does not follow what is here. */
  break() {
    this.wholeTo ??= this.newestId ?? 0;
  }

  prepend({ messages, has_more }) {
    this.messages = [...messages, ...this.messages];
    this.hasOlder = has_more;
  }

  /** False where it is there already. An own answer may be told before an earlier message of somebody else. */
  add(message) {
    const oldest = this.messages[0]?.message_id ?? 0;
    const isKnown = this.messages.some(({ message_id }) => message_id === message.message_id);
    if (isKnown || message.message_id < oldest) return false;
    this.messages = [...this.messages, message];
    if (message.message_id < this.messages.at(-2)?.message_id) {
      this.messages.sort((one, other) => one.message_id - other.message_id);
    }
    return this.isLoaded;
  }

  addNote(note) {
    if (!this.isLoaded || this.notes.some(({ note_id }) => note_id === note.note_id)) return false;
    this.notes = [...this.notes, note];
    return true;
  }
}
