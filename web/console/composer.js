import { Disconnected, Refused } from "../client.js";
import { focused, h, icon } from "../dom.js";
import { t } from "../texts.js";
import { Collision } from "./collision.js";
import { Picker } from "./picker.js";

const KINDS = ["answer", "note"];
const COUNTED = 15_000; // characters from which their number is shown
const TWICE = 500; // milliseconds in which Ctrl+Enter that is pressed again is the same press

/** Where an operator writes: an answer to the customer or a note to colleagues, each with a draft of its own. */
export class Composer extends HTMLElement {
  #desk;
  #limit;
  #kind = "answer";
  #userId = null;
  #sentAt = -Infinity; // when Ctrl+Enter sent and went on, until something is typed
  #adding = new Set(); // customers about whom a note is on its way
  #presence = h("p", { class: "presence" });
  #tabs;
  #input;
  #counter = h("span", { class: "counter" });
  #reason = h("span", { class: "reason", id: "composer-reason" });
  #submit = h("button", {
    type: "submit",
    class: "button primary",
    "aria-describedby": "composer-reason",
    onmousedown: (event) => event.preventDefault(), // a finger's keyboard stays as it is
  });
  #picker;
  #collision;

  /**
   * @param {Desk} desk
   * @param {number} limit of characters in one text
   * @param {object} actions `leave()` gives the focus back to the row, `next()` opens the next that waits, `step(n)` the
   *   neighbour in the queue, `editReplies()` opens the canned replies, `say(words)` tells a reader of the screen,
   *   `show(words)` everybody, why something could not be done.
   */
  constructor(desk, limit, actions) {
    super();
    this.#desk = desk;
    this.#limit = limit;
    this.actions = actions;
    this.#input = h("textarea", {
      id: "composer",
      class: "field",
      rows: 2,
      dir: "auto",
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": "replies",
      enterkeyhint: isCoarse() ? "enter" : "send",
      oninput: () => this.#onInput(),
      onkeydown: (event) => this.#onKey(event),
    });
    this.#picker = new Picker(desk, this.#input, actions);
    this.#collision = new Collision(desk, {
      sendAnyway: () => this.#sendAnyway(),
      discard: () => this.#discard(),
      leave: () => this.#input.focus(),
    });
    this.#tabs = KINDS.map((kind) => this.#makeTab(kind));
    const hint = t("replies_hint");
    this.append(
      this.#collision.element,
      this.#presence,
      h(
        "form",
        { onsubmit: (event) => this.#onSubmit(event) },
        h(
          "div",
          { role: "tablist", class: "kinds", "aria-label": t("kind"), onkeydown: (e) => this.#onTabKey(e) },
          ...this.#tabs,
        ),
        h("div", { role: "tabpanel", id: "composer-panel", class: "entry" }, this.#picker.element, this.#input),
        h(
          "div",
          { class: "below" },
          h(
            "button",
            { type: "button", class: "button plain", title: `${hint} (Ctrl+/)`, onclick: () => this.#picker.open() },
            icon("reply"),
            hint,
          ),
          this.#counter,
          this.#reason,
          this.#submit,
        ),
      ),
    );
    for (const name of ["operators", "typing", "opened"]) desk.addEventListener(name, () => this.#drawPresence());
    desk.addEventListener("draft", () => this.#follow());
    desk.addEventListener("thread", () => this.#draw());
    desk.client.addEventListener("line", () => this.#draw());
    desk.outbox.addEventListener("refused", ({ detail }) => this.#onRefused(detail));
    desk.outbox.addEventListener("taken", ({ detail }) => this.#onTaken(detail));
  }

  /** Write to this customer from now on. */
  show(userId) {
    this.#userId = userId;
    this.hidden = userId === null;
    if (userId !== null) this.#fill();
  }

  write(kind) {
    if (this.#userId === null) return;
    if (kind !== this.#kind) this.#choose(kind);
    this.#input.focus();
  }

  get hasFocus() {
    return this.contains(focused(this));
  }

  // Drafts

  get #draft() {
    return this.#desk.drafts.get(this.#userId, this.#kind)?.text ?? "";
  }

  /** The draft may have changed by other means than the field: it was sent, it came back, another tab wrote it. */
  #follow() {
    if (this.#userId !== null && this.#input.value !== this.#draft) this.#fill();
  }

  #fill() {
    this.#picker.close();
    this.#input.value = this.#draft;
    this.#grow();
    this.#draw();
    this.#drawPresence();
  }

  #choose(kind) {
    this.#kind = kind;
    this.#fill();
  }

  #onInput() {
    this.#sentAt = -Infinity;
    this.#desk.drafts.set(this.#userId, this.#kind, this.#input.value, this.#desk.newestId(this.#userId));
    if (this.#kind === "answer" && this.#input.value) this.#desk.tellTyping(this.#userId);
    this.#picker.follow();
    this.#grow();
    this.#draw();
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight + 2}px`; // and its border; the stylesheet has the bounds
  }

  // Sending

  #onSubmit(event) {
    event.preventDefault();
    if (!isCoarse()) this.#input.focus(); // who goes on to type means the text, not single keys
    this.#send();
  }

  /** Returns whether it went. */
  #send() {
    const text = this.#input.value;
    if (this.#problem || !text.trim()) return false;
    if (this.#kind === "note") {
      this.#addNote(text);
      return true;
    }
    if (this.#collision.isShown(this.#userId)) {
      this.#collision.focus();
      return false;
    }
    this.#sendAnswer(text, this.#desk.drafts.get(this.#userId, "answer")?.seen_id);
    return true;
  }

  #sendAnswer(text, seenId) {
    this.#desk.drafts.discard(this.#userId, "answer");
    this.#desk.send(this.#userId, text, seenId ?? this.#desk.newestId(this.#userId));
  }

  #sendAnyway() {
    this.#collision.end(this.#userId);
    if (this.#kind !== "answer") this.#choose("answer");
    const text = this.#input.value;
    if (text.trim() && !this.#problem) this.#sendAnswer(text);
    this.#input.focus();
  }

  #discard() {
    this.#collision.end(this.#userId);
    this.#desk.drafts.discard(this.#userId, "answer");
    this.#input.focus();
  }

  async #addNote(text) {
    const userId = this.#userId;
    this.#adding.add(userId);
    this.#draw();
    try {
      await this.#desk.addNote(userId, text);
      const { drafts } = this.#desk;
      const written = drafts.get(userId, "note")?.text ?? ""; // with what was typed on meanwhile, which stays
      if (written.startsWith(text)) drafts.set(userId, "note", written.slice(text.length).trimStart(), null);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Disconnected)) throw error;
      this.actions.show(t("note_failed"));
    }
    this.#adding.delete(userId);
    this.#draw();
  }

  /** Where a colleague's answer was newer, nothing was stored, and the text is the operator's again. */
  #onRefused({ item, code }) {
    if (code === 8) {
      this.#takeBack(item);
      this.#collide(item);
    } else this.actions.show([this.#name(item), t("state_failed")].filter(Boolean).join(": "));
  }

  /** The same, where another tab was told before: what it gave back may be sent already, or thrown away. */
  #onTaken({ item, code }) {
    if (code === 8 && this.#desk.drafts.get(item.user_id, "answer")) this.#collide(item);
  }

  #collide(item) {
    this.#collision.begin(item.user_id, item.seen_id ?? 0);
    if (item.user_id !== this.#userId) {
      this.actions.show(t("collision_elsewhere", { name: this.#name(item) }));
      return;
    }
    const isAtIt = this.hasFocus;
    this.#choose(isAtIt && this.#input.value ? this.#kind : "answer"); // whoever writes a note writes on in it
    if (isAtIt) this.#input.focus();
  }

  /** The name of its customer; empty where no list that is loaded has it. */
  #name(item) {
    return this.#desk.find(item.user_id)?.user_name ?? "";
  }

  /** The answer is a draft again, with those that were written behind it: they must not come before it. */
  #takeBack(item) {
    const { outbox, drafts } = this.#desk;
    const taken = [item, ...this.#desk.unsent(item.user_id)];
    for (const { key } of taken) outbox.remove(key);
    drafts.giveBack(item.user_id, "answer", taken.map(({ text }) => text).join("\n"), item.seen_id);
  }

  /** Why it can't be sent now, in words; empty where it can. */
  get #problem() {
    const length = countPoints(this.#input.value);
    if (length > this.#limit) return t("too_long", { n: length - this.#limit });
    if (this.#kind === "note" && !this.#desk.isOnline) return t("needs_connection");
    return this.#kind === "note" && this.#adding.has(this.#userId) ? t("note_adding") : "";
  }

  // Keys

  #onKey(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work
    if (this.#picker.onKey(event)) return;
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (key === "Escape") this.#take(event, () => this.actions.leave());
    else if ((ctrlKey || metaKey) && event.code === "Slash") this.#take(event, () => this.#picker.open());
    else if (altKey && (key === "ArrowUp" || key === "ArrowDown")) {
      this.#take(event, () => this.actions.step(key === "ArrowUp" ? -1 : 1));
    } else if (key === "Enter" && (ctrlKey || metaKey)) {
      this.#take(event, () => this.#isAgain(event) || (this.#send() && this.#goOn(event)));
    } else if (key === "Enter" && !shiftKey && !altKey && !isCoarse()) {
      this.#take(event, () => this.#isAgain(event) || this.#send());
    }
  }

  #goOn({ timeStamp }) {
    this.#sentAt = timeStamp;
    this.actions.next();
  }

  /** Whether a press has sent already, held down or given twice: the draft that is there now was not meant. */
  #isAgain({ repeat, timeStamp }) {
    return repeat || timeStamp < this.#sentAt + TWICE;
  }

  #take(event, act) {
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #onTabKey(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    this.#choose(this.#kind === "answer" ? "note" : "answer");
    this.#tabs[KINDS.indexOf(this.#kind)].focus();
  }

  // Drawing

  #makeTab(kind) {
    const attributes = { role: "tab", type: "button", id: `kind-${kind}`, "aria-controls": "composer-panel" };
    return h("button", { ...attributes, onclick: () => this.write(kind) }, t(`kind_${kind}`));
  }

  #draw() {
    if (this.#userId === null) return;
    const isNote = this.#kind === "note";
    const name = this.#desk.find(this.#userId)?.user_name ?? "";
    const length = countPoints(this.#input.value);
    this.classList.toggle("note", isNote);
    this.#tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", KINDS[index] === this.#kind);
      tab.tabIndex = KINDS[index] === this.#kind ? 0 : -1;
    });
    this.#input.setAttribute("aria-label", isNote ? t("note_label") : t("answer_to", { name }));
    this.#input.placeholder = isNote ? t("note_placeholder") : t("answer_placeholder", { name });
    this.#counter.textContent = length >= COUNTED ? t("characters", { n: length, most: this.#limit }) : "";
    this.#reason.textContent = this.#problem || (this.#desk.isOnline || isNote ? "" : t("answers_wait"));
    this.#reason.classList.toggle("bad", length > this.#limit);
    this.#submit.textContent = isNote ? t("add_note") : t("send_to", { name });
    this.#submit.setAttribute("aria-disabled", Boolean(this.#problem));
    this.#collision.draw(this.#userId);
  }

  #drawPresence() {
    if (this.#userId === null) return;
    const typists = this.#desk.typists(this.#userId);
    const words = this.#desk
      .viewers(this.#userId)
      .map(({ user_name }) =>
        t(typists.includes(user_name) ? "colleague_types" : "colleague_views", { name: user_name }),
      );
    this.#presence.classList.toggle("warn", typists.some(Boolean));
    if (typists.includes("")) words.push(t("customer_types", { name: this.#desk.find(this.#userId)?.user_name ?? "" }));
    this.#presence.textContent = words.join(" · ");
  }
}

function isCoarse() {
  return matchMedia("(pointer: coarse)").matches;
}

function countPoints(text) {
  return [...text].length;
}

customElements.define("desk-composer", Composer);
