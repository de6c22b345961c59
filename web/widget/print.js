import { h, linked } from "../dom.js";
import { showFullTime, t } from "../texts.js";

/** The conversation on paper: plain rows with full times. */
export function drawPrint({ messages, pending }, title, ownName) {
  const rows = [
    ...messages.map(({ is_from_support, invader_name, message_text, created }) =>
      drawRow(is_from_support ? invader_name : ownName, created, message_text),
    ),
    ...pending.map(({ created, text, state }) => drawRow(ownName, created / 1000, text, t(`state_${state}`))),
  ];
  const count = h("p", {}, t("loaded_messages", { n: messages.length }));
  return h("section", { class: "print" }, h("h2", {}, title), count, h("ol", {}, ...rows));
}

function drawRow(author, created, text, state) {
  const head = [author, showFullTime(created), state].filter(Boolean).join(" · ");
  return h("li", {}, h("p", { class: "head" }, head), h("div", { class: "text", dir: "auto" }, ...linked(text)));
}
