import { h, icon } from "../dom.js";
import { t } from "../texts.js";

/**
 * Show a modal dialog until it is closed: a `<dialog>` with a title, a body and a way out. The focus goes back to where
 * it was, if that is still there.
 *
 * @returns {HTMLDialogElement} whose "close" event tells the end; `returnValue` is what a button closed it with.
 */
export function showDialog(title, ...body) {
  const before = document.activeElement;
  const heading = h("h2", { id: "dialog-title", tabindex: -1 }, title);
  const close = h(
    "button",
    { type: "button", class: "button plain", "aria-label": t("close"), onclick: () => dialog.close() },
    icon("close"),
  );
  const dialog = h(
    "dialog",
    { class: "dialog fades", "aria-labelledby": "dialog-title" },
    h("header", {}, heading, close),
    ...body,
  );
  let isPressBeside = false; // what is marked with the mouse may be let go there
  dialog.addEventListener("pointerdown", (event) => (isPressBeside = isBeside(dialog, event)));
  let hasBegun = false; // with a click of its own: the second one of a double click was for what opened it
  const onClick = (event) => {
    hasBegun ||= event.detail < 2;
    if (!hasBegun) event.stopPropagation();
    else if (isPressBeside && isBeside(dialog, event)) dialog.close();
  };
  dialog.addEventListener("click", onClick, true); // before what stands in it
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // its keys are its own
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
  });
  document.querySelector("desk-console").append(dialog);
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]") ?? heading;
  first.focus();
  return dialog;
}

/** Whether a pointer is outside a dialog's rectangle; the rest of the page gives its events to the dialog, too. */
function isBeside(dialog, { target, clientX: x, clientY: y }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (x < left || x > right || y < top || y > bottom);
}

/** Ask before something is lost. Resolves to true where it was confirmed. */
export function confirm(title, question, yes) {
  return new Promise((resolve) => {
    const answer = (value) =>
      h(
        "button",
        {
          type: "button",
          class: value ? "button primary" : "button",
          autofocus: !value,
          onclick: () => dialog.close(value),
        },
        value ? yes : t("cancel"),
      );
    const dialog = showDialog(title, h("p", {}, question), h("div", { class: "actions" }, answer("yes"), answer("")));
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

/** Choose who has a conversation: an operator, or nobody. Calls `choose(operatorId | null)`. */
export function chooseAssignee(desk, conversation, choose) {
  const me = desk.me.user_id;
  const others = [...desk.operators.values()].filter(({ user_id }) => user_id !== me);
  others.sort((one, other) => other.online - one.online || one.user_name.localeCompare(other.user_name));
  const people = [
    { user_id: me, user_name: t("to_me"), online: true },
    ...others,
    { user_id: null, user_name: t("to_nobody") },
  ];
  const make = ({ user_id: id, user_name: name, online }) => {
    const isHis = conversation.operator_id === id;
    const act = () => {
      dialog.close();
      choose(id);
    };
    const state = online === undefined ? "" : t(online ? "online" : "offline");
    const attributes = {
      type: "button",
      class: "button choice",
      "aria-pressed": isHis,
      autofocus: isHis,
      onclick: act,
    };
    return h("li", {}, h("button", attributes, h("span", {}, name), h("span", { class: "hint" }, state)));
  };
  const list = h("ul", { class: "choices" }, ...people.map(make));
  list.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
  });
  const dialog = showDialog(t("assign_title", { name: conversation.user_name }), list);
}
