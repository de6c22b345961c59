import { focused, h, icon } from "../dom.js";
import { t } from "../texts.js";
import { askBeforeLeaving } from "./leaving.js";
import { Line } from "./line.js";
import { LogIn } from "./log-in.js";
import { Menu } from "./menu.js";
import { Talk } from "./talk.js";

const NARROW = matchMedia("(width <= 480px)"); // there the panel fills the screen

/** The dialog that holds the log-in or the conversation. Calls `onToggle()` when it opens, closes or changes its kind. */
export class Panel {
  #context;
  #menu;
  #view = null;
  #viewEnd = null; // the AbortController of what the view listens to
  #isOperator = false;
  #name; // of who was here last
  #title;
  #head;
  #question = null; // before a log-out
  #place = h("div", { class: "place" });

  constructor(context) {
    const { client, title, name, place, signal } = context;
    this.#context = context;
    this.#name = name;
    this.#menu = new Menu({ ...context, leave: () => this.#leave() });
    this.#title = h("h2", { id: "title", tabindex: -1 }, title);
    const close = h("button", { type: "button", class: "button plain", "aria-label": t("close") }, icon("close"));
    close.addEventListener("click", () => this.close());
    const words = h("div", { class: "words" }, this.#title, new Line(context, this.#title).element);
    this.#head = h("header", { class: "head" }, words, this.#menu.element, close);
    this.element = h("dialog", { class: "panel", "aria-labelledby": "title" }, this.#head, this.#place);
    this.element.addEventListener("keydown", (event) => this.#press(event));
    this.element.addEventListener("close", () => this.isOpen || this.#afterClose());
    this.element.addEventListener("scroll", () => this.#view.look?.()); // it is low
    client.addEventListener("enter", () => this.#enter(), { signal });
    client.addEventListener("out", ({ detail }) => this.#showLogIn(this.#explain(detail.reason)), { signal });
    client.addEventListener("line", () => client.line.state !== "out" && this.#showTalk(), { signal });
    NARROW.addEventListener("change", () => this.adapt(), { signal });
    visualViewport.addEventListener("resize", () => this.#fit(), { signal });
    visualViewport.addEventListener("scroll", () => this.#fit(), { signal });
    signal.addEventListener("abort", () => this.#viewEnd?.abort());
    if (client.session) this.#showTalk(place);
    else this.#showLogIn();
  }

  get isOpen() {
    return this.element.open;
  }

  /** Of who was here last, or is about to log in. */
  get name() {
    return this.#view.name ?? this.#name;
  }

  /** Where one reads in the conversation, above its end. */
  get place() {
    return this.#view.place;
  }

  get isModal() {
    return this.isOpen && this.element.matches(":modal");
  }

  /** Without `takesFocus` the page's focus stays where it is, except that a dialog over the whole screen needs it. */
  open({ takesFocus = true } = {}) {
    if (this.isOpen) return;
    this.#unfold();
    this.#view.appear?.();
    if (takesFocus || this.isModal) this.#focusView();
  }

  close() {
    this.element.close();
  }

  focusMenu() {
    this.#menu.button.focus();
  }

  #afterClose() {
    this.#menu.toggle(false);
    this.#withdraw();
    this.#context.onToggle();
  }

  /** The screen became narrow or wide, or the host page moved it: the right kind of dialog, the focus where it was. */
  adapt() {
    if (!this.isOpen || !this.element.isConnected || this.isModal === NARROW.matches) return;
    const focus = focused(this.element);
    this.element.close();
    this.#unfold();
    focus?.focus();
    if (this.isModal && !focused(this.element)) this.#focusView(); // it had none, or what had it is gone: the menu
  }

  #unfold() {
    this.element.inert = true; // else show() would focus the first button
    if (NARROW.matches) this.element.showModal();
    else this.element.show();
    this.element.inert = false;
    this.#fit();
    this.#context.onToggle();
  }

  /** The keyboard on the screen leaves less than the window. */
  #fit() {
    const { height, scale, offsetTop } = visualViewport;
    this.element.style.height = this.isModal ? `${height * scale}px` : "";
    this.element.style.top = this.isModal && scale === 1 ? `${offsetTop}px` : "";
  }

  #press(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    if (this.#place.inert) this.#finish(false);
    else if (this.#menu.isOpen) {
      this.#menu.toggle(false);
      this.#menu.button.focus();
    } else this.close();
  }

  // What it holds

  #showTalk(place = null) {
    this.#name = this.#context.client.session?.user_name ?? this.#name;
    if (!(this.#view instanceof Talk)) this.#show((context) => new Talk({ ...context, place }));
  }

  #showLogIn(notice = this.#context.store.get("expired") && t("expired")) {
    this.#show((context) => new LogIn({ ...context, notice, name: this.#name }));
  }

  #show(make) {
    const focus = focused(this.element);
    this.#withdraw();
    this.#viewEnd?.abort();
    this.#viewEnd = new AbortController();
    this.#view = make({ ...this.#context, signal: this.#viewEnd.signal });
    this.#place.replaceChildren(this.#view.element);
    if (!this.isOpen) return;
    this.#view.appear?.();
    if (focus && !focus.checkVisibility()) this.#focusView(); // what had it is gone, or hidden
  }

  #focusView() {
    if (matchMedia("(pointer: coarse)").matches)
      this.#title.focus(); // else the keyboard would cover the half of it
    else this.#view.focus();
  }

  #enter() {
    if (!this.#context.client.isOperator) return;
    this.#isOperator = true;
    this.#context.client.logOut();
  }

  #explain(reason) {
    const href = `${this.#context.origin}/operator`;
    const words = this.#isOperator
      ? h("span", {}, t("operator_account"), " ", h("a", { href }, t("operator_page")))
      : reason === "expired" && t("expired");
    this.#isOperator = false;
    if (reason !== "expired") this.#name = "";
    if (words) this.#context.say(words.textContent ?? words);
    return words;
  }

  // The way out

  #leave() {
    const { conversation } = this.#context;
    const unsent = conversation.outbox.unsent.length;
    this.#menu.toggle(false);
    if (unsent === 0 && !this.#view.isWritten) {
      this.#finish(true);
      return;
    }
    const question = askBeforeLeaving(unsent, (isSure) => this.#finish(isSure));
    this.#question = question.element;
    this.#head.inert = this.#place.inert = true;
    this.element.append(question.element);
    question.focus();
    question.element.scrollIntoView({ block: "nearest" }); // the panel may be low
  }

  #withdraw() {
    this.#question?.remove();
    this.#head.inert = this.#place.inert = false;
  }

  #finish(isSure) {
    this.#withdraw();
    if (isSure) this.#context.conversation.leave();
    this.#focusView();
  }
}
