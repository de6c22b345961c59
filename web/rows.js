import { dayKey, showDay } from "./texts.js";

const GROUP = 5 * 60; // seconds within which one author's messages stand together

/**
 * What a transcript shows, from the oldest to the newest: an array of `{key, kind, mark, …}`. A row with the same key
 * and mark looks the same.
 *
 * @param {object} content
 *   `messages` of the protocol and `notes`, both by rising id; `pending` items of the outbox; `isOwn(message)`, of the reader's
 *   side; `authorOf(message)`, its author's name, "" for the reader;
 *   `readId`, up to which the other side has read; `newId`, the first message under the line "New", or null;
 *   `describe(row)`, more that a row's look depends on.
 */
export function makeRows({
  messages,
  notes = [],
  pending = [],
  isOwn,
  authorOf,
  readId,
  newId = null,
  describe = () => "",
}) {
  const entries = merge(messages, notes);
  const readOwn = messages.findLast((message) => isOwn(message) && message.message_id <= readId)?.message_id;
  const rows = [];
  let day = null;
  const add = (row, created) => {
    if (dayKey(created) !== day) {
      day = dayKey(created);
      rows.push({ key: `day ${day}`, kind: "day", mark: showDay(created), text: showDay(created) });
    }
    rows.push(row);
  };
  for (const { message, note } of entries) {
    if (note) {
      add({ key: `note ${note.note_id}`, kind: "note", mark: "", note, created: note.created }, note.created);
    } else {
      const own = isOwn(message);
      const state = !own ? "" : message.message_id > readId ? "sent" : message.message_id === readOwn ? "read" : "";
      const row = {
        key: `message ${message.message_id}`,
        kind: "message",
        message,
        own,
        state,
        created: message.created,
      };
      if (message.message_id === newId) add({ key: "new", kind: "new", mark: "" }, message.created);
      add({ ...row, author: authorOf ? authorOf(message) : own ? "" : message.invader_name }, message.created);
    }
  }
  for (const item of pending) {
    const created = item.created / 1000;
    add(
      { key: `pending ${item.key}`, kind: "pending", item, own: true, author: "", created, state: item.state },
      created,
    );
  }
  group(rows);
  for (const row of rows) row.mark ??= [row.first, row.last, row.state, describe(row)].join();
  return rows;
}

/** A note stands behind the message that it names. */
function merge(messages, notes) {
  const entries = messages.map((message) => ({ id: message.message_id, message }));
  const oldest = entries[0]?.id ?? 0;
  const shown = notes.filter((note) => note.message_id >= oldest || entries.length === 0);
  entries.push(...shown.map((note) => ({ id: note.message_id, note })));
  return entries.sort((one, other) => one.id - other.id); // stable: a note stays behind its message
}

/** The first of a group shows the name, the last its time. */
function group(rows) {
  const follows = (one, other) =>
    one?.author !== undefined &&
    other?.author !== undefined &&
    one.own === other.own &&
    one.author === other.author &&
    Math.abs(other.created - one.created) < GROUP;
  rows.forEach((row, index) => {
    if (row.author === undefined) return;
    row.first = !follows(rows[index - 1], row);
    row.last = !follows(row, rows[index + 1]);
  });
}
