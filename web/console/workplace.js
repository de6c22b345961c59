import { Disconnected, Refused } from "../client.js";
import { h } from "../dom.js";
import { t } from "../texts.js";
import { showAlerts } from "./alerts.js";
import { Announcer } from "./announcer.js";
import { showBadge } from "./badge.js";
import { Composer } from "./composer.js";
import { ConversationPane } from "./conversation.js";
import { Details } from "./details.js";
import { chooseAssignee } from "./dialogs.js";
import * as keys from "./keys.js";
import { Notifier } from "./notifier.js";
import { Queue } from "./queue.js";
import { Regions } from "./regions.js";
import { editReplies } from "./replies.js";
import { makeSkipLinks } from "./skip.js";
import { TopBar } from "./topbar.js";
import { Undo } from "./undo.js";

const SEARCHED = 500; // messages in a page while a found one is looked for

/** What an operator has before the eyes while at work: the regions, and the actions that go between them. */
export class Workplace extends HTMLElement {
  #desk;
  #settings;
  #regions;
  #announcer = new Announcer();
  #queue;
  #composer;
  #pane;
  #details;
  #undo;
  #soughtId = null; // the message that was found and is being opened

  constructor(desk, settings, language, textLimit, logOut) {
    super();
    this.#desk = desk;
    this.#settings = settings;
    this.#regions = new Regions(this, desk);
    const say = (words) => this.#announcer.say(words);
    this.#undo = new Undo((userId) => this.#reopen(userId));
    this.#queue = new Queue(desk, settings, (id, event, messageId) => this.#choose(id, event, messageId));
    this.#composer = new Composer(desk, textLimit, {
      leave: () => this.focusRow(),
      next: () => this.#openLongest(desk.thread?.userId),
      step: (step) => this.#openNeighbour(step),
      editReplies: () => editReplies(desk),
      say,
      show: (words) => this.#announcer.show(words),
    });
    const actions = {
      back: () => this.#goBack(),
      showDetails: () => this.#toggleDetails(),
      hideDetails: () => this.#toggleDetails(false),
      toggleClosed: (event) => event?.detail > 1 || this.#toggleClosed(), // a second click would undo the first
      assign: () => this.#assign(),
      assignToMe: () => this.#do((id) => desk.assign(id, desk.me.user_id)),
      editReplies: () => editReplies(desk),
    };
    this.#pane = new ConversationPane(desk, settings, this.#composer, actions);
    this.#details = new Details(desk, settings, actions);
    const notifier = new Notifier(
      desk,
      settings,
      (id) => this.#isBeforeEyes(id),
      (id) => this.#open(id),
    );
    const topBar = new TopBar(desk, settings, notifier, language, {
      alerts: () => showAlerts(notifier, settings),
      language: (name) => this.#speak(name),
      help: () => keys.showHelp(settings),
      logOut,
    });
    this.append(
      makeSkipLinks({
        queue: () => this.#goBack(),
        conversation: () => {
          this.#regions.toConversation();
          this.#pane.focusTitle();
        },
        composer: () => this.#write("answer"),
      }),
      h("header", { class: "top" }, topBar),
      h("nav", { class: "region", "aria-label": t("queue") }, this.#queue),
      h("main", { class: "region" }, this.#pane),
      h("aside", { class: "region", "aria-label": t("details") }, this.#details),
      this.#undo.element,
      this.#announcer.element,
    );
    this.#listen(actions);
  }

  /** Begin: with the conversation that the address names. */
  start() {
    const userId = this.#regions.addressee;
    this.#regions.start();
    if (userId) this.#desk.open(userId);
    this.focusRow(userId || undefined);
  }

  /** Give the focus to the open conversation's row, or to another's, or to what is next to it. */
  focusRow(id = this.#desk.thread?.userId) {
    if (this.#regions.isQueueHidden) this.#pane.focusTitle();
    else this.#queue.focusRow(id);
  }

  #listen(actions) {
    const desk = this.#desk;
    const { client } = desk;
    client.addEventListener("line", () => this.#showLine());
    client.addEventListener("message", ({ detail }) => this.#hear(detail));
    client.addEventListener("enter", ({ detail }) => this.#hearAll(detail));
    desk.addEventListener("enter", () => this.#queue.reload());
    desk.addEventListener("counts", () => this.#showLine());
    this.#settings.addEventListener("change", () => desk.dispatchEvent(new CustomEvent("tick"))); // what is late now
    desk.addEventListener("conversation", ({ detail: { now } }) => {
      if (now.status === "open") this.#undo.withdraw(now.user_id);
    });
    addEventListener("storage", () => this.#showLine());
    keys.listen(this.#settings, {
      down: () => this.#queue.step(1),
      up: () => this.#queue.step(-1),
      waiting: () => this.#filter("waiting"),
      mine: () => this.#filter("mine"),
      open: () => this.#filter("open"),
      closed: () => this.#filter("closed"),
      search: () => {
        this.#regions.toQueue();
        this.#queue.search.focus();
      },
      longest: () => this.#openLongest(),
      answer: () => this.#write("answer"),
      note: () => this.#write("note"),
      assign: actions.assign,
      to_me: actions.assignToMe,
      close: actions.toggleClosed,
      undo: () => this.#undo.act(),
      details: actions.showDetails,
      help: () => keys.showHelp(this.#settings),
      escape: () => (this.#regions.areDetailsOver ? this.#toggleDetails(false) : this.focusRow()),
    });
  }

  // Opening

  /** A row was chosen: with a pointer one goes on to write, with a key one may go on to the next row. */
  #choose(id, event, messageId) {
    const isPointer = event.detail > 0;
    if (messageId) this.#openAt(id, messageId);
    else this.#open(id);
    if (this.#regions.isQueueHidden) this.#pane.focusTitle();
    else if (isPointer && !matchMedia("(pointer: coarse)").matches) this.#composer.write("answer");
  }

  #open(id) {
    this.#soughtId = null;
    this.#regions.showConversation(id);
    if (this.#desk.thread?.userId !== id) this.#desk.open(id);
  }

  /** Whoever chooses something else before it is loaded is not taken back to it; a break does not end the search. */
  async #openAt(id, messageId) {
    const desk = this.#desk;
    this.#regions.showConversation(id);
    this.#soughtId = messageId;
    await desk.open(id);
    const { thread } = desk;
    const isThere = () => thread.isLoaded && (!thread.hasOlder || thread.oldestId <= messageId);
    const isSought = () => this.#soughtId === messageId && desk.thread === thread && thread?.userId === id;
    while (isSought() && !isThere()) {
      if (await desk.readOlder(thread, SEARCHED)) continue;
      if (desk.isOnline && thread.isLoaded) break; // it was refused
      await new Promise((resolve) => desk.addEventListener("thread", resolve, { once: true }));
    }
    if (isSought()) this.#pane.scrollTo(messageId);
  }

  #write(kind) {
    this.#regions.toConversation();
    this.#composer.write(kind);
  }

  /** Answer who waits longest; whom one has answered may still be in the list, as may the `butNot` that just was. */
  #openLongest(butNot) {
    const next = this.#queue.waiting.find((id) => id !== butNot && !this.#desk.unsent(id).length);
    if (next === undefined) {
      this.#announcer.say(t("empty_waiting"));
      return;
    }
    this.#open(next);
    this.#composer.write("answer");
  }

  #openNeighbour(step) {
    const next = this.#queue.neighbour(this.#desk.thread?.userId, step);
    if (next == null) return;
    this.#open(next);
    this.#composer.write("answer");
  }

  #filter(name) {
    this.#regions.toQueue();
    this.#queue.show(name);
    this.#queue.focusRow();
  }

  // Doing

  /** Do something with the open conversation that needs the service. */
  async #do(act) {
    const id = this.#desk.thread?.userId;
    if (id === undefined) return false;
    try {
      return (await act(id)) !== false;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
      this.#announcer.show(t(this.#nameReason(error, id)));
      return false;
    }
  }

  #nameReason({ code }, id) {
    if (!this.#desk.isOnline) return "needs_connection";
    if (code === 9) return "not_seen";
    if (code === 7 && !this.#desk.find(id)?.last_message) return "not_begun"; // else the customer is no more
    return [1, 4, 7].includes(code) ? "failed_other" : "unavailable";
  }

  #assign() {
    const conversation = this.#desk.find(this.#desk.thread?.userId);
    if (!conversation) return;
    const { user_id: id } = conversation; // another may be opened meanwhile
    chooseAssignee(this.#desk, conversation, (operatorId) => this.#do(() => this.#desk.assign(id, operatorId)));
  }

  async #toggleClosed() {
    const conversation = this.#desk.find(this.#desk.thread?.userId);
    if (!conversation) return;
    const id = conversation.user_id;
    if (conversation.status === "closed") {
      await this.#do(() => this.#desk.reopen(id));
      return;
    }
    const isStillHere = this.#notePlace();
    if (!(await this.#do(() => this.#desk.close(id)))) return;
    const isLeft = !isStillHere();
    this.#undo.offer(id, t("closed_name", { name: conversation.user_name }));
    this.#announcer.say(t("closed_name", { name: conversation.user_name }));
    const next = this.#queue.settle(id);
    if (isLeft) return;
    this.#regions.toQueue();
    this.#queue.focusRow(next);
  }

  async #reopen(id) {
    const isStillHere = this.#notePlace();
    if (!(await this.#do(() => this.#desk.reopen(id)))) return;
    this.#queue.settle(id);
    if (isStillHere()) this.focusRow(id);
  }

  /** Gives what tells later whether the operator is there still: what comes late moves no focus. */
  #notePlace() {
    const place = [this.#desk.thread, document.activeElement];
    return () => place[0] === this.#desk.thread && place[1] === document.activeElement;
  }

  // Going

  #goBack() {
    this.#regions.toQueue();
    this.focusRow();
  }

  #toggleDetails(isShown) {
    if (this.#regions.toggleDetails(isShown)) this.#details.focusTitle();
    else this.focusRow();
  }

  // Telling

  /** What came during a break. The whole has old messages too: newer than those here is what is new. */
  #hearAll({ messages, isWhole, isFirst }) {
    if (isFirst) return;
    const newestId = isWhole ? (this.#desk.thread?.newestId ?? Infinity) : 0;
    for (const message of messages) if (message.message_id > newestId) this.#hear(message);
  }

  #hear(message) {
    const isOwn = message.invader_name === this.#desk.me?.user_name; // of another tab
    if (isOwn || message.user_id !== this.#desk.thread?.userId) return;
    this.#announcer.hear(message.invader_name || message.user_name, message.message_text);
  }

  #isBeforeEyes(id) {
    const isLooking = document.visibilityState === "visible" && document.hasFocus();
    return isLooking && this.#desk.thread?.userId === id && this.#pane.isAtEnd;
  }

  #showLine() {
    const { line } = this.#desk.client;
    this.#announcer.tellLine(line.state === "open");
    showBadge(this.#desk.counts?.waiting ?? 0, line.since > 0); // also while it tries to connect again
  }

  /** It is spoken from the next load on: at once, unless no page would come, or what was written would go. */
  #speak(language) {
    this.#settings.language = language;
    this.#desk.drafts.save();
    if (!this.#desk.isOnline) this.#announcer.show(t("language_later"));
    else if (this.#desk.store.isVolatile) this.#announcer.show(t("language_loses"));
    else location.reload();
  }
}

customElements.define("desk-workplace", Workplace);
