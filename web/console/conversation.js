import { drawRow } from "../bubbles.js";
import { h, icon, throttled } from "../dom.js";
import { drawPrint } from "../print.js";
import { Reading } from "../reading.js";
import { keyOf, makeRows } from "../rows.js";
import { t } from "../texts.js";
import { Transcript } from "../transcript.js";
import { drawWait, findWait } from "./row.js";

/** The open conversation: who it is with, its messages and notes, and where one writes. */
export class ConversationPane extends HTMLElement {
  #desk;
  #settings;
  #composer;
  #actions;
  #head = h("header", { class: "head" });
  #title = h("h2", { tabindex: -1 });
  #facts = h("p", { class: "facts" });
  #close = h("button", {
    type: "button",
    class: "button",
    "aria-describedby": "details-hint", // why it can't be now
    onclick: (event) => this.#actions.toggleClosed(event),
  });
  #state = h("div", { class: "notice" });
  #stateName = ""; // of the words in it
  #transcript;
  #below = h("button", { type: "button", class: "button to-end", hidden: true, onclick: () => this.#toEnd() });
  #reading;
  #foundId = null;
  #lastSeen = 0; // the newest message when the end was last in view
  #isNewSought = true; // until it is known whether there is a line "New", and where

  /** @param {object} actions `back()`, `showDetails()`, `toggleClosed(click)` */
  constructor(desk, settings, composer, actions) {
    super();
    this.id = "conversation";
    this.#desk = desk;
    this.#settings = settings;
    this.#composer = composer;
    this.#actions = actions;
    const outbox = desk.outbox;
    const acts = { retry: (key) => outbox.retry(key), discard: (key) => outbox.remove(key) };
    this.#transcript = new Transcript((row, element) => drawRow(row, element, acts));
    this.#transcript.setAttribute("role", "region");
    this.#transcript.setAttribute("aria-label", t("messages"));
    const markRead = (id) => desk.thread && desk.markRead(desk.thread.userId, id); // a log-out leaves none
    this.#reading = new Reading(this.#transcript, markRead);
    this.#makeHead();
    const body = h("div", { class: "body" }, this.#transcript, this.#state, this.#below);
    this.append(this.#head, body, composer);
    this.#transcript.addEventListener("older", () => desk.thread?.isLoaded && desk.readOlder());
    this.#transcript.addEventListener("view", () => this.#drawBelow());
    const update = throttled(30, () => this.#draw());
    desk.addEventListener("thread", update);
    desk.addEventListener("opened", () => this.#show());
    desk.addEventListener("enter", () => this.#resetReading()); // what was told last may be lost
    desk.addEventListener("conversation", ({ detail: { now } }) => now.user_id === desk.thread?.userId && update());
    desk.addEventListener("operators", () => this.#drawHead());
    desk.addEventListener("tick", update); // "Today" is over some time
    addEventListener("beforeprint", () =>
      this.append(drawPrint(this.#title.textContent, this.#makeRows(), desk.me.user_name)),
    );
    addEventListener("afterprint", () => this.querySelector(".print").remove());
    this.#show();
  }

  focusTitle() {
    this.#title.focus();
  }

  /** Bring a message that was found into view. */
  scrollTo(messageId) {
    this.#foundId = messageId;
    this.#draw();
    const message = this.#desk.thread.messages.find(({ message_id }) => message_id === messageId);
    if (message) this.#transcript.scrollToRow(keyOf(message));
  }

  #makeHead() {
    const back = h(
      "button",
      { type: "button", class: "button plain back", "aria-label": t("back"), onclick: () => this.#actions.back() },
      icon("back"),
    );
    const details = h(
      "button",
      {
        type: "button",
        class: "button plain",
        "aria-label": t("details"),
        title: `${t("details")} (D)`,
        onclick: () => this.#actions.showDetails(),
      },
      icon("details"),
    );
    this.#head.append(back, h("div", { class: "who" }, this.#title, this.#facts), this.#close, details);
  }

  #show() {
    const { thread } = this.#desk;
    this.#head.hidden = this.#transcript.hidden = thread === null;
    this.#lastSeen = 0;
    this.#isNewSought = true;
    this.#foundId = null;
    this.#transcript.show([], { toEnd: true });
    this.#resetReading();
    this.#composer.show(thread?.userId ?? null);
    this.#draw();
  }

  #resetReading() {
    this.#reading.reset(this.#desk.find(this.#desk.thread?.userId)?.operator_read_id);
  }

  #draw() {
    const { thread } = this.#desk;
    const rows = this.#makeRows();
    this.#drawHead();
    this.#drawState(rows.length > 0);
    if (thread === null) return;
    if (!thread.isLoaded) {
      this.#transcript.show(rows, { toEnd: true });
      return;
    }
    const isWriting = rows.at(-1)?.kind === "pending" && rows.at(-1).item.created > Date.now() - 500;
    this.#transcript.show(rows, { toEnd: isWriting });
    this.#lastSeen ||= thread.newestId ?? 0;
    if (this.#isNewSought && thread.newId && this.#transcript.isFollowing) this.#transcript.scrollToRow("new");
    this.#isNewSought &&= thread.newId === undefined && !isWriting;
    this.#drawBelow();
  }

  #makeRows() {
    const { thread, outbox, me } = this.#desk;
    if (thread === null) return [];
    const messages = thread.isLoaded ? thread.messages : []; // what is read of a few would count for all
    const known = new Set(messages.flatMap(({ message_id, key }) => [message_id, key ?? message_id]));
    const pending = (thread.isLoaded ? outbox.items : outbox.unsent)
      .filter((item) => item.user_id === thread.userId && !known.has(item.message_id) && !known.has(item.key))
      .map((item) => ({ ...item, state: outbox.stateOf(item) }));
    return makeRows({
      messages,
      notes: thread.notes,
      hasOlder: thread.hasOlder,
      pending,
      isOwn: (message) => message.is_from_support,
      authorOf: ({ invader_name: name, user_name: customer }) => (name === me?.user_name ? "" : name || customer),
      readId: thread.conversation?.customer_read_id ?? 0,
      newId: thread.newId,
      foundId: this.#foundId,
    });
  }

  #drawHead() {
    const { thread } = this.#desk;
    const conversation = thread && this.#desk.find(thread.userId);
    if (!conversation) {
      this.#title.textContent = t("conversation");
      this.#facts.replaceChildren();
      return;
    }
    const { user_name: name, online, status, operator_id: operatorId } = conversation;
    if (this.#title.textContent !== name) this.#title.textContent = name; // it may be marked, to be copied
    const wait = findWait(conversation, this.#desk.client.now, this.#settings.limits);
    const assignee = operatorId ? t("assigned_to", { name: this.#desk.operatorName(operatorId) }) : t("unassigned");
    const facts = [t(online ? "online" : "offline"), t(`status_${status}`), assignee].map((words) =>
      h("span", {}, words),
    );
    this.#facts.replaceChildren(...facts, ...(wait ? [drawWait(wait)] : []));
    const isClosed = status === "closed";
    this.#close.textContent = t(isClosed ? "reopen" : "close");
    this.#close.setAttribute("aria-label", t(isClosed ? "reopen" : "close_conversation"));
    this.#close.title = "E";
    this.#close.setAttribute("aria-disabled", !this.#desk.isOnline);
  }

  /** In the middle of the empty room, or above what waits to be sent. */
  #drawState(isAbove) {
    const { thread } = this.#desk;
    this.#state.classList.toggle("above", isAbove);
    this.#state.hidden = thread?.isLoaded ? thread.messages.length + thread.notes.length > 0 : false;
    const name = this.#findState();
    if (name === this.#stateName) return; // its button may have the focus
    this.#stateName = name;
    this.#state.replaceChildren(h("p", { class: name === "loading" ? "fades late" : "" }, t(name)));
    if (name === "choose_one") this.#state.append(h("p", { class: "hint" }, t("choose_hint")));
    if (name === "open_failed") {
      this.#state.append(
        h("button", { type: "button", class: "button", onclick: () => this.#desk.reload() }, t("retry")),
      );
    }
  }

  #findState() {
    const { thread, isOnline } = this.#desk;
    if (thread === null) return "choose_one";
    if (thread.hasFailed) return isOnline ? "open_failed" : "opens_later";
    return thread.isLoaded ? "no_messages" : "loading";
  }

  #drawBelow() {
    const { thread } = this.#desk;
    const isAway = thread?.isLoaded && !this.#transcript.isFollowing;
    this.#below.hidden = !isAway;
    if (!isAway) {
      this.#lastSeen = thread?.newestId ?? 0;
      return;
    }
    const newer = thread.messages.filter((m) => m.message_id > this.#lastSeen && !m.is_from_support).length;
    this.#below.replaceChildren(
      icon("down"),
      newer ? t("newer", { n: newer }) : h("span", { class: "hidden" }, t("to_newest")),
    );
  }

  #toEnd() {
    this.#transcript.toEnd();
    this.#transcript.focus();
  }

  /** Whether the end of the open conversation is before the operator's eyes. */
  get isAtEnd() {
    return this.#transcript.isFollowing && this.#transcript.clientHeight > 0;
  }
}

customElements.define("desk-conversation", ConversationPane);
