import { h } from "../dom.js";
import { t } from "../texts.js";

/** Asks before a log-out would lose what was written. `answer(isSure)` is called once. */
export function askBeforeLeaving(unsent, answer) {
  const button = (name, isSure) =>
    h("button", { type: "button", class: "button", onclick: () => answer(isSure) }, t(name));
  const stay = button("stay", false);
  const words = unsent ? t("unsent_messages", { n: unsent }) : t("unsent_draft");
  const attributes = {
    class: "leaving",
    role: "alertdialog",
    "aria-labelledby": "leaving",
    "aria-describedby": "unsent",
  };
  const element = h(
    "div",
    attributes,
    h("h2", { id: "leaving" }, t("log_out_question")),
    h("p", { id: "unsent" }, words),
    h("div", { class: "row" }, stay, button("log_out_anyway", true)),
  );
  return { element, focus: () => stay.focus() };
}
