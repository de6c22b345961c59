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
  const presence = t(online ? "online" : "offline");
  const who = h(
    "span",
    { class: "who" },
    h("span", { class: online ? "dot online" : "dot", title: presence, "aria-hidden": "true" }),
    h("span", { class: "hidden" }, `${presence}: `),
    h("span", { class: "name" }, name),
    unread > 0 && drawCount(unread),
  );
  const when = h("span", { class: "when" }, wait ? drawWait(wait) : lastTime(conversation));
  const words = h("span", { class: "preview" }, ...preview(conversation, draft, me));
  fill(button, name, [who, when], [words, h("span", { class: "people" }, ...people)]);
}

/** A row's avatar and its two lines. */
function fill(button, name, upper, lower) {
  button.replaceChildren(
    h("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
    h("span", { class: "upper" }, ...upper),
    h("span", { class: "lower" }, ...lower),
  );
}

function drawCount(unread) {
  const words = h("span", { class: "hidden" }, ` ${t("unread", { n: unread })}`);
  return h("span", { class: "count" }, unread > 99 ? "99+" : unread, words);
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
  return [...said(author), oneLine(last.message_text)];
}

/** Who said it; a long name leaves room for the words. */
function said(name) {
  return [h("span", { class: "author" }, `${name}:`), " "];
}

function oneLine(text) {
  return h("bdi", {}, cut(text, 0, 160).replace(/\s+/gu, " "));
}

/** A part of a text, without the halves of characters at its ends. */
function cut(text, start, end) {
  return text.slice(start, end).replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, "");
}

/** Fills the button of a message that was found, with what was looked for marked. */
export function drawFound(button, message, wanted) {
  const { user_name: name, message_text: text, created, is_from_support: isSupport, invader_name: operator } = message;
  const who = h("span", { class: "who" }, h("span", { class: "name" }, name));
  const when = h("span", { class: "when" }, showShortTime(created));
  const words = [...said(isSupport ? operator : name), h("bdi", {}, ...marked(text, wanted))];
  fill(button, name, [who, when], [h("span", { class: "preview" }, ...words)]);
}

const BEFORE = 8; // characters shown in front of what was found: a row is short

function marked(text, wanted) {
  const plain = (words) => words.toLowerCase().replaceAll("ё", "е");
  const at = plain(text).indexOf(plain(wanted));
  if (at < 0 || plain(text).length !== text.length) return [cut(text, 0, 160)];
  const start = Math.max(at - BEFORE, 0);
  const end = at + wanted.length;
  return [(start ? "…" : "") + cut(text, start, at), h("mark", {}, text.slice(at, end)), cut(text, end, end + 120)];
}
