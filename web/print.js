import { h, linked } from "./dom.js";
import { showFullTime, t } from "./texts.js";

/** A conversation on paper: plain rows (rows.js) with full times. `me` is the reader's name. */
export function drawPrint(title, rows, me) {
  const lines = rows.filter(({ kind }) => kind in LINES);
  const count = lines.filter(({ kind }) => kind === "message").length;
  return h(
    "section",
    { class: "print" },
    h("h2", {}, title),
    h("p", {}, t("loaded_messages", { n: count })),
    h("ol", {}, ...lines.map((row) => drawLine(row.created, ...LINES[row.kind](row, me)))),
  );
}

const LINES = {
  message: ({ author, message }, me) => [author || me, message.message_text],
  note: ({ note }) => [`${t("note_label")} · ${note.operator_name}`, note.text],
  pending: ({ item, state }, me) => [`${me} · ${t(`state_${state}`)}`, item.text],
};

function drawLine(created, author, text) {
  const head = `${author} · ${showFullTime(created)}`;
  return h("li", {}, h("p", {}, h("b", {}, head)), h("div", { class: "text", dir: "auto" }, ...linked(text)));
}
