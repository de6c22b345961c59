import { h, icon } from "../dom.js";
import { showFullTime, t } from "../texts.js";
import { drawWait, findWait } from "./row.js";

/** The customer of the open conversation: who it is, whose it is, and what can be done with it. */
export class Details extends HTMLElement {
  #desk;
  #settings;
  #heading = h("h2", { tabindex: -1 });
  #facts = h("dl");
  #hint = h("p", { class: "hint", id: "details-hint" });
  #buttons;

  /** @param {object} actions `assign()`, `assignToMe()`, `toggleClosed(click)`, `editReplies()`, `hideDetails()` */
  constructor(desk, settings, actions) {
    super();
    this.id = "details";
    this.#desk = desk;
    this.#settings = settings;
    this.#buttons = {
      toMe: this.#makeButton("assign_to_me", "I", () => actions.assignToMe()),
      assign: this.#makeButton("assign", "A", () => actions.assign()),
      closed: this.#makeButton("close_conversation", "E", actions.toggleClosed),
    };
    const hide = h(
      "button",
      { type: "button", class: "button plain hide", "aria-label": t("close"), onclick: () => actions.hideDetails() },
      icon("close"),
    );
    const replies = h(
      "button",
      { type: "button", class: "button", onclick: () => actions.editReplies() },
      t("edit_replies"),
    );
    this.append(
      h("header", { class: "head" }, this.#heading, hide),
      this.#facts,
      h("div", { class: "doing" }, ...Object.values(this.#buttons)),
      this.#hint,
      replies,
    );
    for (const name of ["opened", "operators", "thread", "tick"]) desk.addEventListener(name, () => this.#draw());
    desk.addEventListener("conversation", ({ detail: { now } }) => now.user_id === desk.thread?.userId && this.#draw());
    desk.client.addEventListener("line", () => this.#draw());
    this.#draw();
  }

  focusTitle() {
    this.#heading.focus();
  }

  #makeButton(name, key, act) {
    return h(
      "button",
      { type: "button", class: "button", title: key, "aria-describedby": "details-hint", onclick: act },
      t(name),
    );
  }

  #draw() {
    const { thread, isOnline } = this.#desk;
    const conversation = thread && this.#desk.find(thread.userId);
    const title = conversation?.user_name ?? t("details");
    if (this.#heading.textContent !== title) this.#heading.textContent = title;
    for (const button of Object.values(this.#buttons)) {
      button.hidden = !conversation;
      button.setAttribute("aria-disabled", !isOnline);
    }
    this.#hint.textContent = isOnline ? "" : t("needs_connection");
    if (!conversation) {
      this.#facts.replaceChildren();
      return;
    }
    this.#buttons.closed.textContent = t(conversation.status === "closed" ? "reopen" : "close_conversation");
    this.#buttons.toMe.hidden = conversation.operator_id === this.#desk.me?.user_id;
    this.#showFacts(this.#describe(conversation));
  }

  /** What is the same stays in the page: somebody may have marked it, to copy it. */
  #showFacts(facts) {
    const shown = [...this.#facts.children];
    const drawn = facts.map(([name, ...value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, ...value)));
    const kept = drawn.map((fact) => shown.find((one) => one.isEqualNode(fact)) ?? fact);
    for (const fact of shown) if (!kept.includes(fact)) fact.remove();
    kept.forEach((fact, index) => {
      const there = this.#facts.children[index] ?? null;
      if (fact !== there) this.#facts.insertBefore(fact, there);
    });
  }

  #describe(conversation) {
    const { operator_id: operatorId, last_message: last, online, status, user_id: id } = conversation;
    const wait = findWait(conversation, this.#desk.client.now, this.#settings.limits);
    const operator = operatorId && this.#desk.operators.get(operatorId);
    const operatorState = operator ? ` (${t(operator.online ? "online" : "offline")})` : "";
    const viewers = this.#desk.viewers(id).map(({ user_name }) => user_name);
    return [
      ["customer_number", `${id}`],
      ["presence", t(online ? "online" : "offline")],
      ["status", t(`status_${status}`)],
      ["assignee", operatorId ? this.#desk.operatorName(operatorId) + operatorState : t("nobody")],
      wait && ["waits", drawWait(wait)],
      viewers.length > 0 && ["viewed_by", viewers.join(", ")],
      last && ["last_message", showFullTime(last.created)],
    ].filter(Boolean);
  }
}

customElements.define("desk-details", Details);
