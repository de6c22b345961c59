import { dayKey, showDay } from "./texts.js";

const GROUP = 5 * 60; // seconds within which one author's messages stand together

/**
 * What a transcript shows, the oldest first: `{key, kind, mark, …}`; the same key and mark are the same to see.
 *
 * `messages` and `notes` rise by id; `hasOlder`: older ones are not loaded; `pending` are items of the outbox with a
 * `state`; `isOwn(message)`: it is of the reader's side; `authorOf(message)`: a name, "" for the reader; `readId`: the
 * other side has read up to it; `newId`: the first message under "New"; `foundId`: the one that was looked for.
 */
export function makeRows({
  messages,
  notes = [],
  hasOlder = false,
  pending = [],
  isOwn,
  authorOf,
  readId,
  newId = null,
  foundId = null,
}) {
  const readOwn = messages.findLast((message) => isOwn(message) && message.message_id <= readId)?.message_id;
  const findState = ({ message_id: id }) => (id > readId ? "sent" : id === readOwn ? "read" : "");
  const makeMessage = (message) => {
    const own = isOwn(message);
    return {
      key: keyOf(message),
      kind: "message",
      message,
      own,
      author: authorOf ? authorOf(message) : own ? "" : message.invader_name,
      state: own ? findState(message) : "",
      isFound: message.message_id === foundId,
      created: message.created,
    };
  };
  const rows = [];
  for (const { message, note } of merge(messages, notes, hasOlder)) {
    if (message && message.message_id === newId) rows.push({ key: "new", kind: "new", created: message.created });
    rows.push(message ? makeMessage(message) : makeNote(note));
  }
  rows.push(...pending.map(makePending));
  const all = withDays(rows);
  group(all);
  for (const row of all) row.mark = [row.first, row.last, row.state, row.item?.failed, row.isFound, row.text].join();
  return all;
}

/** The key of a message's row. One that was sent here has the row that it had while it waited. */
export function keyOf({ key, message_id: id }) {
  return key ? `own ${key}` : `message ${id}`;
}

function makeNote(note) {
  return { key: `note ${note.note_id}`, kind: "note", note, created: note.created };
}

function makePending(item) {
  const created = item.created / 1000;
  return { key: keyOf(item), kind: "pending", item, own: true, author: "", state: item.state, created };
}

/** A note stands behind the message that it names, or that was there: it comes with those that are loaded. */
function merge(messages, notes, hasOlder) {
  const entries = messages.map((message) => ({ id: message.message_id, message }));
  const oldest = hasOlder ? messages[0].message_id : 0;
  const shown = notes.filter((note) => note.message_id >= oldest);
  entries.push(...shown.map((note) => ({ id: note.message_id, note })));
  return entries.sort((one, other) => one.id - other.id); // stable: a note stays behind its message
}

function withDays(rows) {
  let day = null;
  return rows.flatMap((row) => {
    if (dayKey(row.created) === day) return [row];
    day = dayKey(row.created);
    return [{ key: `day of ${row.key}`, kind: "day", text: showDay(row.created) }, row];
  });
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
