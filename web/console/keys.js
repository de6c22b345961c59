import { h } from "../dom.js";
import { t } from "../texts.js";
import { showDialog } from "./dialogs.js";

/**
 * The single keys, by the key's place (`event.code`), so that they are the same on a Russian layout. `shown` is what
 * the help says.
 */
const KEYS = {
  KeyJ: "down",
  KeyK: "up",
  ArrowDown: "down",
  ArrowUp: "up",
  Digit1: "waiting",
  Digit2: "mine",
  Digit3: "open",
  Digit4: "closed",
  Slash: "search",
  KeyU: "longest",
  KeyR: "answer",
  KeyN: "note",
  KeyA: "assign",
  KeyI: "to_me",
  KeyE: "close",
  KeyZ: "undo",
  KeyD: "details",
};

const MOVES = ["down", "up"]; // a key that is held down does nothing else again

const HELP = [
  ["J K ↓ ↑", "move"],
  ["Enter", "open_row"],
  ["1 2 3 4", "filters"],
  ["/   Ctrl+K", "search"],
  ["U", "longest"],
  ["R", "answer"],
  ["N", "note"],
  ["A", "assign"],
  ["I", "to_me"],
  ["E", "close"],
  ["Z", "undo"],
  ["D", "details"],
  ["?", "help"],
  ["Esc", "escape"],
  ["Alt+↑ ↓", "neighbours"],
  ["Ctrl+Enter", "send_next"],
  ["/   Ctrl+/", "reply"],
];

const FIELDS = "input, textarea, select, [contenteditable]";

/** Call an action, by its name in KEYS, "help" or "escape", when its key is pressed where keys are not for writing. */
export function listen(settings, actions) {
  let isHeld = false; // the last key acted and may be down still: in the field that it went to it writes nothing
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    const name = findAction(event, settings);
    if (!event.repeat) isHeld = name !== null;
    if (name || (event.repeat && isHeld)) event.preventDefault();
    if (name) actions[name]();
  });
}

function findAction(event, { hasKeys }) {
  const { code, key, ctrlKey, altKey, metaKey, shiftKey, repeat, target } = event;
  if ((ctrlKey || metaKey) && !altKey && code === "KeyK") return "search";
  if (ctrlKey || altKey || metaKey) return null;
  if (key === "Escape") return "escape";
  if (!hasKeys || target.closest(FIELDS) || target.closest("dialog")) return null;
  if (key === "?" || (code === "Slash" && shiftKey)) return "help";
  if (key === "/") return "search";
  const isMoving = code.startsWith("Arrow");
  if (isMoving && target.closest("chat-transcript, [role=tablist]")) return null; // they have arrows of their own
  const name = shiftKey ? null : KEYS[code];
  return repeat && !MOVES.includes(name) ? null : name;
}

/** The dialog that shows the keys, and turns them off (WCAG 2.1.4). */
export function showHelp(settings) {
  const rows = HELP.map(([keys, name]) =>
    h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, keys)), h("td", {}, t(`key_${name}`))),
  );
  const toggle = h("input", {
    type: "checkbox",
    id: "single-keys",
    onchange: () => (settings.hasKeys = toggle.checked),
  });
  toggle.checked = settings.hasKeys;
  showDialog(
    t("help"),
    h("table", { class: "keys" }, h("tbody", {}, ...rows)),
    h("p", {}, h("label", { for: "single-keys", class: "check" }, toggle, t("single_keys"))),
  );
}
