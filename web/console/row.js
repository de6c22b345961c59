import { h, icon } from "../dom.js";
import { showShortTime, t } from "../texts.js";

const LEVELS = { calm: "clock", warn: "clock", late: "alert" };

/** "AB" of "anna belova", "An" of "anna". */
export function initials(name) {
  const [first, second] = name
    .split(/[\s._-]+/u)
    .filter(Boolean)
    .map((word) => [...word]);
  if (!first) return "?";
  return first[0].toUpperCase() + (second ? second[0].toUpperCase() : (first[1] ?? ""));
}

/**
 * How long a conversation waits: `{minutes, level}` with the level "calm", "warn" or "late"; null where it does not.
 *
 * @param {{warn: number, late: number}} limits in minutes
 */
export function findWait(conversation, now, limits) {
  if (conversation.waiting_since === null) return null;
  const minutes = Math.max(Math.floor((now - conversation.waiting_since) / 60), 0);
  return { minutes, level: minutes >= limits.late ? "late" : minutes >= limits.warn ? "warn" : "calm" };
}

/** A wait in words, with an icon and in a colour. */
export function drawWait(wait) {
  return h("span", { class: `wait ${wait.level}` }, icon(LEVELS[wait.level]), waitWords(wait));
}

function waitWords({ minutes, level }) {
  const length =
    minutes < 60
      ? t("minutes", { n: minutes })
      : minutes < 60 * 24
        ? t("hours", { n: Math.floor(minutes / 60) })
        : t("days", { n: Math.floor(minutes / 60 / 24) });
  return level === "calm" ? length : t(`wait_${level}`, { length });
}

/** Fills the queue's button of a conversation. */
export function drawConversation(button, { conversation, me, wait, draft, isOpen, assignee, viewers }) {
  const { user_name: name, unread, online } = conversation;
  button.classList.toggle("unread", unread > 0);
  if (isOpen) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
  const people = [assignee && badge(assignee, t("assigned_to", { name: assignee })), ...viewers.map(viewerBadge)];
  button.replaceChildren(
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
    h(
      "span",
      { class: "who" },
      h("span", {
        class: online ? "dot online" : "dot",
        title: t(online ? "online" : "offline"),
        "aria-hidden": "true",
      }),
      h("span", { class: "hidden" }, `${t(online ? "online" : "offline")}: `),
      h("span", { class: "name" }, name),
      unread > 0 &&
        h(
          "span",
          { class: "count" },
          unread > 99 ? "99+" : unread,
          h("span", { class: "hidden" }, ` ${t("unread", { n: unread })}`),
        ),
    ),
    h("span", { class: "people" }, ...people),
    h("span", { class: "when" }, wait ? drawWait(wait) : lastTime(conversation)),
    h("span", { class: "preview" }, ...preview(conversation, draft, me)),
  );
}

function lastTime({ last_message: last }) {
  return last ? showShortTime(last.created) : "";
}

function viewerBadge(viewer) {
  return badge(viewer.user_name, t("viewing", { name: viewer.user_name }), "viewer");
}

function badge(name, title, kind = "") {
  return h("span", { class: `badge ${kind}`, title }, initials(name), h("span", { class: "hidden" }, ` ${title}`));
}

function preview({ last_message: last, user_name: name }, draft, me) {
  if (draft) return [h("span", { class: "draft" }, `${t("draft")}: `), oneLine(draft)];
  if (!last) return [t("no_messages")];
  const author = !last.is_from_support ? name : last.invader_name === me ? t("you") : last.invader_name;
  return [h("span", {}, `${author}: `), oneLine(last.message_text)];
}

function oneLine(text) {
  return h("bdi", {}, text.slice(0, 160).replace(/\s+/gu, " "));
}

/** Fills the button of a message that was found, with what was looked for marked. */
export function drawFound(button, message, wanted) {
  const { user_name: name, message_text: text, created, is_from_support: isSupport, invader_name: operator } = message;
  button.replaceChildren(
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
    h("span", { class: "who" }, h("span", { class: "name" }, name)),
    h("span", { class: "when" }, showShortTime(created)),
    h(
      "span",
      { class: "preview" },
      h("span", {}, `${isSupport ? operator : name}: `),
      h("bdi", {}, ...marked(text, wanted)),
    ),
  );
}

const BEFORE = 24; // characters shown in front of what was found

function marked(text, wanted) {
  const plain = (words) => words.toLowerCase().replaceAll("ё", "е");
  const at = plain(text).indexOf(plain(wanted));
  if (at < 0 || plain(text).length !== text.length) return [text.slice(0, 160)];
  const start = Math.max(at - BEFORE, 0);
  const end = at + wanted.length;
  return [(start ? "…" : "") + text.slice(start, at), h("mark", {}, text.slice(at, end)), text.slice(end, end + 120)];
}
