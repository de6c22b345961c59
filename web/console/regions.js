const NARROW = matchMedia("screen and (width < 720px)"); // one region at a time; paper changes nothing
const WIDE = matchMedia("(width >= 1200px), print"); // the details have a place of their own, and on paper

/** Which regions are shown where there is no room for all, and what the address and the history say of it. */
export class Regions {
  #workplace;
  #desk;
  #shown; // the workplace's data attributes, for the stylesheet

  /** @param {object} workplace an element with `focusRow()`, which gives the focus to what is shown */
  constructor(workplace, desk) {
    this.#workplace = workplace;
    this.#desk = desk;
    this.#shown = workplace.dataset;
    addEventListener("popstate", () => this.#onPopState());
    NARROW.addEventListener("change", () => {
      if (NARROW.matches) this.#follow();
      else this.toConversation();
      if (document.activeElement === document.body) workplace.focusRow(); // what had it is hidden now
    });
    WIDE.addEventListener("change", () => this.#placeDetails());
  }

  start() {
    this.#placeDetails();
    this.#follow();
  }

  /** The customer whom the address names; 0 for none. */
  get addressee() {
    return Number(location.hash.slice(1));
  }

  /** Whether the queue is out of sight. */
  get isQueueHidden() {
    return NARROW.matches && this.#shown.region !== "queue";
  }

  get areDetailsOver() {
    return this.#shown.details === "over";
  }

  /** Show a customer's conversation: where it hides the queue, in an entry of the history above the queue's. */
  showConversation(id) {
    if (NARROW.matches && !history.state?.isAboveQueue) {
      this.#addressQueue();
      history.pushState({ isAboveQueue: true }, "", `#${id}`);
    } else history.replaceState(history.state, "", `#${id}`);
    this.#show("conversation");
    if (id === this.#desk.thread?.userId) this.#desk.reveal();
  }

  toConversation() {
    if (this.#desk.thread) this.showConversation(this.#desk.thread.userId);
  }

  /** Leave the conversation, if it hides the queue: its entry in the history, or the entry becomes the queue's. */
  toQueue() {
    if (this.isQueueHidden) {
      if (history.state?.isAboveQueue) history.back();
      else this.#addressQueue();
    }
    this.#show(NARROW.matches ? "queue" : this.#addressed);
  }

  /** Show the details, or hide them. Returns whether they are shown. */
  toggleDetails(isShown = this.#shown.details === "hidden") {
    const place = WIDE.matches ? "beside" : "over";
    this.#shown.details = isShown ? place : "hidden";
    return isShown;
  }

  /** The region that the address names: it holds, also if the page is told late of its width. */
  get #addressed() {
    return this.addressee ? "conversation" : "queue";
  }

  /** Of interest where there is room for one alone. */
  #show(name) {
    this.#shown.region = name;
    if (!WIDE.matches) this.#shown.details = "hidden";
    if (NARROW.matches && name === "queue") this.#desk.hide();
  }

  #follow() {
    if (this.addressee) this.showConversation(this.addressee);
    else this.#show("queue");
  }

  #addressQueue() {
    history.replaceState(null, "", location.pathname + location.search);
  }

  #placeDetails() {
    this.#shown.details = WIDE.matches ? "beside" : "hidden";
  }

  #onPopState() {
    const id = this.addressee;
    if (!id && !NARROW.matches) {
      this.toConversation(); // it is shown still
      return;
    }
    if (id && id !== this.#desk.thread?.userId) this.#desk.open(id);
    else if (id) this.#desk.reveal();
    const before = this.#shown.region;
    this.#show(this.#addressed);
    if (this.#shown.region === before) return; // it was this page that went, and gave the focus
    this.#workplace.focusRow();
  }
}
