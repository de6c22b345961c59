import { drawRow } from "../bubbles.js";
import { focused, h, icon } from "../dom.js";
import { Reading } from "../reading.js";
import { t } from "../texts.js";
import { Transcript } from "../transcript.js";
import { Composer } from "./composer.js";

const MINUTE = 60_000;

/** The conversation: its messages, who types, and the composer. */
export class Talk {
  #conversation;
  #transcript;
  #reading;
  #composer;
  #typing = h("p", { class: "typing" });
  #loading = h("p", { class: "loading", hidden: true }, t("loading_older"));
  #empty = h("p", { class: "empty", hidden: true }, t("empty"));
  #toEnd = h("button", { type: "button", class: "button to-end", hidden: true, onclick: () => this.#goToEnd() });
  #newId = null; // the first message under the line "New"
  #endId = 0; // the newest message when the end was last in view
  #isAsked = false; // to render
  #isEntered; // it has had its messages
  #place; // where one read in the one before, until it is shown

  /** @param {object} context `place`, where one read in another language. */
  constructor(context) {
    const { client, conversation, place, signal } = context;
    const { outbox } = conversation;
    const actions = { retry: (key) => outbox.retry(key), discard: (key) => this.#discard(key) };
    this.#conversation = conversation;
    this.#transcript = new Transcript((row, element) => drawRow(row, element, actions));
    this.#transcript.setAttribute("role", "region");
    this.#transcript.setAttribute("aria-label", t("conversation"));
    this.#reading = new Reading(this.#transcript, (id) => conversation.read(id), { signal });
    this.#reading.reset(conversation.readId);
    this.#composer = new Composer({ ...context, onSend: () => this.#transcript.toEnd() });
    const scene = h("div", { class: "scene" }, this.#loading, this.#empty, this.#transcript, this.#toEnd);
    this.element = h("div", { class: "talk" }, scene, this.#typing, this.#composer.element);
    this.#transcript.addEventListener("older", () => conversation.loadOlder());
    this.#transcript.addEventListener("view", () => this.#showToEnd());
    conversation.addEventListener("change", () => this.#ask(), { signal });
    conversation.addEventListener("incoming", ({ detail }) => this.#meet(detail), { signal });
    conversation.addEventListener("entered", () => this.#enter(), { signal });
    client.addEventListener("line", () => this.#ask(), { signal });
    const timer = setInterval(() => this.#ask(), MINUTE); // "Today" is over some time
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#isEntered = client.isOperator !== null; // so it has, also where the line is lost now
    this.#place = place;
    this.#markNew();
    this.#render();
  }

  focus() {
    this.#composer.focus();
  }

  /** Something is being written. */
  get isWritten() {
    return this.#composer.isWritten;
  }

  /** Other parts of it are on screen. */
  look() {
    this.#transcript.tellView();
  }

  /** Where one reads, above the end. */
  get place() {
    return this.#transcript.place;
  }

  /** The panel was opened: what is unread is pointed out. */
  appear() {
    this.#composer.fit();
    const place = this.#place;
    this.#place = null;
    if (place && this.#transcript.scrollToRow(place.key, place.offset)) this.#noteEnd();
    else this.#pointOutNew();
  }

  /** Connected: what is unread is pointed out where nothing was there before. */
  #enter() {
    this.#reading.reset(this.#conversation.readId);
    if (this.#isEntered) {
      if (this.#newId === null) this.#markNew();
      this.#ask();
    } else this.#pointOutNew();
    this.#isEntered = true;
  }

  #pointOutNew() {
    this.#markNew();
    this.#render();
    if (this.#newId !== null) this.#endId = this.#newId - 1;
    if (this.#newId === null || !this.#transcript.scrollToRow("new")) this.#transcript.toEnd();
  }

  #markNew() {
    this.#newId = this.#conversation.unread[0]?.message_id ?? null;
  }

  /** Who does not look finds the line "New" above what came meanwhile. */
  #meet({ message_id }) {
    const isLooking = this.#transcript.clientHeight > 0 && !document.hidden && document.hasFocus();
    const isOld = this.#newId === null || this.#newId <= this.#conversation.readId;
    if (!isLooking && isOld) this.#newId = message_id;
  }

  #discard(key) {
    this.#conversation.outbox.remove(key);
    this.#focusNear();
  }

  /** What had the focus goes. On a phone the composer would bring the keyboard over what one reads. */
  #focusNear() {
    if (matchMedia("(pointer: coarse)").matches) this.#transcript.focus();
    else this.#composer.focus();
  }

  /** Once for all that changes at a time. */
  #ask() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    queueMicrotask(() => {
      this.#isAsked = false;
      this.#render();
    });
  }

  #render() {
    const { typist, isLoading } = this.#conversation;
    const rows = this.#conversation.makeRows(this.#newId);
    this.#transcript.show(rows);
    this.#typing.textContent = typist && t("typing", { name: typist });
    this.#loading.hidden = !isLoading;
    this.#empty.hidden = rows.length > 0;
  }

  #noteEnd() {
    this.#endId = this.#conversation.messages.at(-1)?.message_id ?? 0;
  }

  #showToEnd() {
    const { messages } = this.#conversation;
    if (this.#transcript.isFollowing) this.#noteEnd();
    const n = messages.filter((message) => message.is_from_support && message.message_id > this.#endId).length;
    const words = n ? t("newer", { n }) : "";
    if (this.#transcript.isFollowing && focused(this.#toEnd) === this.#toEnd) this.#transcript.focus();
    this.#toEnd.hidden = this.#transcript.isFollowing;
    if (this.#toEnd.textContent === words && this.#toEnd.firstChild) return;
    this.#toEnd.replaceChildren(icon("down"), words);
    this.#toEnd.setAttribute("aria-label", n ? `${words}. ${t("to_newest")}` : t("to_newest"));
  }

  #goToEnd() {
    this.#transcript.toEnd();
    this.#focusNear();
  }
}
