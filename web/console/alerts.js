import { h } from "../dom.js";
import { t } from "../texts.js";
import { showDialog } from "./dialogs.js";

/** The dialog of sound, notifications and the times after which a wait is long. */
export function showAlerts(notifier, settings) {
  const sound = h("p", { class: "fact" });
  const notifications = h("p", { class: "fact" });
  const hint = h("p", { class: "hint" });
  const result = h("p", { class: "hint", role: "status" });
  const toggleSound = h("button", {
    type: "button",
    class: "button",
    onclick: () => (settings.hasSound = !settings.hasSound),
  });
  const toggleNotes = h("button", { type: "button", class: "button", onclick: turnNotifications });
  const test = h("button", { type: "button", class: "button", onclick: tryBoth }, t("test"));

  function turnNotifications() {
    if (notifier.notifications === "on") settings.hasNotifications = false;
    else notifier.allow();
  }

  async function tryBoth() {
    result.textContent = await notifier.test();
  }

  function draw() {
    sound.textContent = t(`sound_${notifier.sound}`);
    toggleSound.textContent = t(settings.hasSound ? "turn_off" : "turn_on");
    toggleSound.setAttribute("aria-label", `${t("sound")}: ${toggleSound.textContent}`);
    notifications.textContent = t(`notifications_${notifier.notifications}`);
    toggleNotes.textContent = t(notifier.notifications === "on" ? "turn_off" : "allow");
    toggleNotes.setAttribute("aria-label", `${t("notifications")}: ${toggleNotes.textContent}`);
    toggleNotes.hidden = ["blocked", "insecure", "unsupported"].includes(notifier.notifications);
    hint.textContent = notifier.notifications === "blocked" ? t("unblock_hint") : "";
  }

  const limit = (name) => {
    const input = h("input", {
      type: "number",
      class: "field",
      id: `limit-${name}`,
      min: 1,
      max: 1440,
      required: true,
    });
    input.value = settings.limits[name];
    input.addEventListener("change", () => {
      if (input.validity.valid) settings.limits = { ...settings.limits, [name]: input.valueAsNumber };
    });
    return h("div", { class: "limit" }, h("label", { for: input.id }, t(`limit_${name}`)), input);
  };

  draw();
  const sources = [notifier, settings];
  for (const source of sources) source.addEventListener("change", draw);
  const dialog = showDialog(
    t("alerts"),
    h("div", { class: "setting" }, sound, toggleSound),
    h("div", { class: "setting" }, notifications, toggleNotes),
    hint,
    h("div", { class: "setting" }, result, test),
    h("h3", {}, t("limits")),
    limit("warn"),
    limit("late"),
  );
  dialog.addEventListener("close", () => sources.forEach((source) => source.removeEventListener("change", draw)));
}
