import { h, icon, linked } from "./dom.js";
import { showFullTime, showTime, t } from "./texts.js";

const STATES = { sending: "clock", waiting: "clock", sent: "sent", read: "read", failed: "alert" };

/**
 * Fills a row's `<li>` (rows.js, transcript.js). Texts are text: nothing in them becomes markup.
 *
 * @param {object} actions `retry(key)` and `discard(key)` for an item that failed.
 */
export function drawRow(row, element, actions) {
  element.className = [row.kind, row.own && "own", row.first && "first", row.last && "last", row.isFound && "found"]
    .filter(Boolean)
    .join(" ");
  const nodes = (DRAW[row.kind] ?? drawBubble)(row, actions);
  const bubble = element.querySelector(".bubble");
  const place = nodes.findIndex(({ className }) => className === "bubble");
  if (bubble && bubble.textContent === nodes[place].textContent) replaceAround(bubble, nodes, place);
  else element.replaceChildren(...nodes); // also what was erased since
}

/** The bubble stays, and with it what one has selected in it. */
function replaceAround(bubble, nodes, place) {
  for (const node of [...bubble.parentNode.childNodes]) if (node !== bubble) node.remove();
  bubble.before(...nodes.slice(0, place));
  bubble.after(...nodes.slice(place + 1));
}

const DRAW = { day: drawDay, new: drawNew, note: drawNote };

function drawDay(row) {
  return [h("span", {}, row.text)];
}

function drawNew() {
  return [h("span", {}, t("new"))];
}

function drawNote({ note }) {
  const head = h("div", { class: "author" }, `${t("note_label")} · ${note.operator_name}`);
  return [h("div", { class: "bubble" }, head, drawText(note.text), drawMeta(note.created))];
}

function drawBubble(row, actions) {
  const text = row.kind === "message" ? row.message.message_text : row.item.text;
  return [
    h("div", { class: row.author && row.first ? "author" : "author hidden" }, row.author || t("you")),
    h("div", { class: "bubble" }, drawText(text)),
    (row.last || row.state) && drawMeta(row.last && row.created, row.state),
    row.state === "failed" && drawFailed(row.item, actions),
  ].filter(Boolean);
}

function drawText(text) {
  return h("div", { class: "text", dir: "auto" }, ...linked(text));
}

/** When it was, of the last of a group; and the state that it has. */
function drawMeta(created, state) {
  const time = created && new Date(created * 1000).toISOString();
  return h(
    "div",
    { class: "meta" },
    time && h("time", { datetime: time, title: showFullTime(created) }, showTime(created)),
    state && h("span", { class: `state ${state}` }, icon(STATES[state]), t(`state_${state}`)),
  );
}

function drawFailed({ key, failed }, { retry, discard }) {
  return h(
    "div",
    { class: "failed" },
    h("span", {}, t(failed === "old" ? "failed_old" : failed === 1 ? "failed_refused" : "failed_other")),
    h("button", { type: "button", onclick: () => retry(key) }, t("try_again")),
    h("button", { type: "button", onclick: () => discard(key) }, t("delete")),
  );
}
