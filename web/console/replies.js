import { Disconnected, Refused } from "../client.js";
import { h } from "../dom.js";
import { t } from "../texts.js";
import { showDialog } from "./dialogs.js";

/** The dialog that lists, changes and deletes the desk's canned replies. */
export function editReplies(desk) {
  const list = h("ul", { class: "reply-list" });
  const state = h("p", { class: "reason bad", role: "alert" });
  const shortcut = h("input", {
    class: "field",
    id: "reply-shortcut",
    required: true,
    maxlength: 64,
    pattern: "[^\\s]+",
    autofocus: true,
    autocomplete: "off",
  });
  const text = h("textarea", { class: "field", id: "reply-text", required: true, rows: 4, dir: "auto" });
  let edited = null; // the shortcut of the reply that is being changed

  async function run(method, ...params) {
    try {
      await desk.loadReplies(method, ...params);
      state.textContent = "";
      return true;
    } catch (error) {
      if (!(error instanceof Disconnected || error instanceof Refused)) throw error;
      state.textContent = t(error instanceof Disconnected ? "needs_connection" : "reply_refused");
      return false;
    }
  }

  async function save(event) {
    event.preventDefault();
    const [name, words, before] = [shortcut.value, text.value, edited];
    const isRenamed = before !== null && before !== name;
    const isAnother = (reply) => reply.shortcut === name && reply.text !== words;
    if (before !== name && desk.replies.some(isAnother)) {
      state.textContent = t("reply_taken", { shortcut: name });
      shortcut.focus();
      return;
    }
    if (!(await run("reply.save", name, words))) return;
    if (isRenamed && !(await run("reply.delete", before))) return;
    if (edited !== before) return; // another is being edited by now
    edited = shortcut.value === name ? name : null; // else the next is begun in its place already
    if (edited === null || text.value !== words) return; // what was typed meanwhile stays
    edited = null;
    form.reset();
    shortcut.focus();
  }

  function edit(reply) {
    edited = reply.shortcut;
    shortcut.value = reply.shortcut;
    text.value = reply.text;
    text.focus();
  }

  function draw() {
    const rows = desk.replies.map((reply) =>
      h(
        "li",
        {},
        h("b", {}, `/${reply.shortcut}`),
        h("span", { class: "text", dir: "auto" }, reply.text),
        h(
          "button",
          {
            type: "button",
            class: "button",
            "aria-label": `${t("edit")} /${reply.shortcut}`,
            onclick: () => edit(reply),
          },
          t("edit"),
        ),
        h(
          "button",
          {
            type: "button",
            class: "button",
            "aria-label": `${t("delete")} /${reply.shortcut}`,
            onclick: () => run("reply.delete", reply.shortcut),
          },
          t("delete"),
        ),
      ),
    );
    const held = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    list.replaceChildren(...rows);
    const again = [...list.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === held);
    if (held) (again ?? shortcut).focus();
    if (!rows.length) list.replaceChildren(h("li", { class: "hint" }, t("no_replies")));
  }

  const form = h(
    "form",
    { class: "reply-form", onsubmit: save },
    h("label", { for: "reply-shortcut" }, t("shortcut")),
    shortcut,
    h("label", { for: "reply-text" }, t("reply_text")),
    text,
    state,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "button primary" }, t("save"))),
  );
  draw();
  desk.addEventListener("replies", draw);
  desk.refreshReplies();
  const dialog = showDialog(t("replies"), list, form);
  dialog.addEventListener("close", () => desk.removeEventListener("replies", draw));
}
