import { focused, h, throttled } from "../dom.js";
import { t } from "../texts.js";
import { FixedList } from "./list.js";
import { FILTERS, Listing } from "./listing.js";
import { drawConversation, findWait } from "./row.js";
import { Search } from "./search.js";

const SKELETON = 200; // milliseconds after which loading shows
const COUNTED = 500; // what the server counts of a list, at most

/**
 * The queue: its tabs with their counts, the search, the rows. Nothing moves under a pointer or a focus: what changed
 * meanwhile is counted, and moves when asked for.
 */
export class Queue extends HTMLElement {
  filter;
  #desk;
  #settings;
  #listing;
  #listings;
  #changed = new Set(); // customers whose rows would move
  #isHovered = false;
  #isUnread = true; // nobody has seen this list loaded yet: it comes in its order, wherever one is
  #heading = h("h2", { tabindex: -1 }, t("queue"));
  #tabs;
  #update = h("button", { type: "button", class: "button update", hidden: true, onclick: () => this.#apply() });
  #state = h("div", { class: "notice" });
  #retry = h("button", { type: "button", class: "button", onclick: () => this.#load() }, t("retry"));
  #panel;

  constructor(desk, settings, choose) {
    super();
    this.#desk = desk;
    this.#settings = settings;
    this.id = "queue";
    this.list = new FixedList(t("queue"), (id, button) => this.#drawRow(id, button), choose);
    this.search = new Search(desk, choose, () => this.#showSearch());
    this.#listings = Object.fromEntries(FILTERS.map((filter) => [filter, new Listing(desk, filter)]));
    this.#tabs = FILTERS.map((filter, index) => this.#makeTab(filter, index));
    const tablist = h(
      "div",
      { role: "tablist", class: "tabs", "aria-label": t("queue"), onkeydown: (e) => this.#onTabKey(e) },
      ...this.#tabs,
    );
    this.#panel = h(
      "div",
      { role: "tabpanel", id: "queue-panel", class: "panel" },
      this.#update,
      this.#state,
      this.list,
    );
    this.append(this.#heading, this.search.field, tablist, this.#panel, this.search.results);
    this.#listen();
    this.show(settings.filter);
  }

  /** Show another of the lists. */
  show(filter) {
    this.search.clear();
    this.filter = this.#settings.filter = filter;
    this.#listing = this.#listings[filter];
    this.#tabs.forEach((tab) => {
      const isShown = tab.id === `tab-${filter}`;
      tab.setAttribute("aria-selected", isShown);
      tab.tabIndex = isShown ? 0 : -1;
      if (isShown) this.#panel.setAttribute("aria-labelledby", tab.id);
    });
    this.#apply();
    this.list.scrollTop = 0;
    this.#isUnread = this.#desk.isOnline || !this.#listing.isLoaded;
    this.#load();
  }

  /** Load what waits, which the title counts, and what is shown. */
  async reload() {
    const { waiting } = this.#listings;
    if (this.#listing !== waiting) await waiting.load();
    this.#load();
  }

  /** Focus a customer's row, else the one that Tab comes to, else the heading. */
  focusRow(id) {
    if (this.search.isActive) {
      if (!this.search.list.focusRow(this.search.list.current)) this.search.focus();
    } else if (!this.list.focusRow(id) && !this.list.focusRow(this.list.current)) {
      this.#heading.focus();
    }
  }

  /** Focus the row above or below. */
  step(step) {
    const list = this.search.isActive ? this.search.list : this.list;
    const isIn = list.contains(focused(this));
    const start = isIn ? list.current : (this.#desk.thread?.userId ?? list.current);
    const next = isIn || list.keys.includes(this.#desk.thread?.userId) ? list.neighbour(start, step) : list.current;
    if (next != null) list.focusRow(next);
    else this.#heading.focus();
  }

  /** The customer after this one, or before it, in the list as it is shown. */
  neighbour(id, step) {
    return this.list.neighbour(id, step);
  }

  /** The customers that wait, the longest first. */
  get waiting() {
    return this.#listings.waiting.order;
  }

  /** Take in what the operator's own act has moved, though the focus is inside. Returns the row that came after it. */
  settle(id) {
    const keys = this.list.keys;
    const index = keys.indexOf(id);
    this.#apply();
    return keys.slice(index + 1).find((key) => this.list.keys.includes(key)) ?? this.list.keys.at(-1);
  }

  // Drawing

  #makeTab(filter, index) {
    const attributes = { role: "tab", id: `tab-${filter}`, "aria-controls": "queue-panel", type: "button" };
    return h("button", { ...attributes, title: `${index + 1}`, onclick: () => this.show(filter) });
  }

  #drawTabs() {
    this.#tabs.forEach((tab, index) => {
      const count = this.#desk.counts?.[FILTERS[index]];
      const shown = count >= COUNTED ? `${COUNTED}+` : count ?? "–";
      tab.replaceChildren(t(`filter_${FILTERS[index]}`), h("span", { class: "count" }, shown));
    });
  }

  #drawRow(id, button) {
    const desk = this.#desk;
    const conversation = desk.find(id);
    if (!conversation) return;
    drawConversation(button, {
      conversation,
      wait: findWait(conversation, desk.client.now, this.#settings.limits),
      draft: desk.drafts.get(id, "answer")?.text ?? desk.drafts.get(id, "note")?.text,
      me: desk.me?.user_name,
      isOpen: desk.thread?.userId === id,
      assignee: conversation.operator_id && desk.operatorName(conversation.operator_id),
      viewers: desk.viewers(id),
    });
  }

  #drawState() {
    const { isLoading, isLoaded, hasFailed } = this.#listing;
    const isEmpty = this.list.keys.length === 0;
    const isAway = this.#desk.client.line.since > 0; // the first connection is not made much of
    this.list.classList.toggle("stale", hasFailed);
    this.#state.hidden = !(hasFailed || isEmpty);
    if (isAway && isEmpty && !isLoaded) {
      this.#state.replaceChildren(h("p", {}, t("opens_later")));
    } else if (hasFailed) {
      if (this.#state.contains(this.#retry)) return; // it may have the focus
      this.#state.replaceChildren(h("p", {}, t("list_failed")), this.#retry);
    } else if (isEmpty && isLoaded) {
      this.#state.replaceChildren(h("p", {}, t(`empty_${this.filter}`)));
    } else {
      this.#state.replaceChildren();
      if (isLoading) setTimeout(() => this.#drawSkeleton(), SKELETON);
    }
  }

  #drawSkeleton() {
    if (!this.#listing.isLoading || this.list.keys.length) return;
    const rows = Array.from({ length: 5 }, () => h("div", { class: "skeleton", "aria-hidden": "true" }));
    this.#state.replaceChildren(h("p", { class: "hidden" }, t("loading")), ...rows);
  }

  // Order

  get #isFrozen() {
    return this.#isHovered || this.list.contains(focused(this));
  }

  /** The order may have changed: what was loaded behind the rows comes at once, the rest when nobody is at them. */
  #follow() {
    const { order } = this.#listing;
    const { keys } = this.list;
    const shown = new Set(keys);
    const isSame = (key, index) => key === order[index];
    if (!this.#isFrozen || keys.every(isSame)) {
      this.#apply();
      return;
    }
    this.list.show([...keys, ...order.slice(keys.length).filter((key) => !shown.has(key))]);
    this.#update.hidden = false;
    this.#update.replaceChildren(t("changed", { n: Math.max(this.#changed.size, 1) }));
  }

  #apply() {
    if (focused(this) === this.#update) this.#heading.focus();
    this.#changed.clear();
    this.#update.hidden = true;
    const order = this.#listing.order;
    const lost = focused(this)?.key;
    if (lost !== undefined && this.list.contains(focused(this)) && !order.includes(lost)) this.#heading.focus();
    this.list.show(order);
    this.list.refresh();
    this.#drawState();
  }

  // Listening

  async #load() {
    if (this.#desk.isOnline) await this.#listing.load();
  }

  #listen() {
    const desk = this.#desk;
    const refresh = throttled(100, () => this.list.refresh());
    const follow = throttled(100, () => this.#follow());
    desk.addEventListener("conversation", ({ detail: { now, before } }) => {
      this.list.refresh(now.user_id);
      if (now.version !== before?.version) this.#changed.add(now.user_id);
      follow();
    });
    desk.client.addEventListener("line", () => this.#listing.isLoaded || this.#drawState());
    desk.addEventListener("counts", () => {
      this.#drawTabs();
      if (desk.counts.waiting && !this.waiting.length) this.#listings.waiting.load(); // those loaded were answered
    });
    for (const name of ["opened", "operators", "draft", "tick"]) desk.addEventListener(name, refresh);
    for (const listing of Object.values(this.#listings)) {
      listing.addEventListener("change", () => {
        if (listing !== this.#listing) return;
        if (this.#isUnread) this.#apply();
        else this.#follow();
        this.#isUnread &&= listing.isLoading;
        this.#drawState();
      });
    }
    this.list.addEventListener("more", () => desk.isOnline && this.#listing?.more());
    this.list.addEventListener("pointerenter", ({ pointerType }) => (this.#isHovered = pointerType === "mouse"));
    this.list.addEventListener("pointerleave", () => {
      this.#isHovered = false;
      this.#follow();
    });
    this.list.addEventListener("focusout", () => setTimeout(() => this.#follow()));
    this.#drawTabs();
  }

  #onTabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = (FILTERS.indexOf(this.filter) + step + FILTERS.length) % FILTERS.length;
    this.show(FILTERS[index]);
    this.#tabs[index].focus();
  }

  #showSearch() {
    const isActive = this.search.isActive;
    this.#panel.hidden = isActive;
    this.search.results.hidden = !isActive;
  }
}

customElements.define("desk-queue", Queue);
