import { Client } from "../client.js";
import { h, pause } from "../dom.js";
import { drawPrint } from "../print.js";
import { Store } from "../store.js";
import { chooseLanguage, speak, t } from "../texts.js";
import { en } from "../texts/en.js";
import { ru } from "../texts/ru.js";
import { paint } from "./accent.js";
import { Conversation } from "./conversation.js";
import { Launcher } from "./launcher.js";
import { Live } from "./live.js";
import { Panel } from "./panel.js";

const TEXTS = { en, ru }; // both, since a choice needs no line
const AGAIN = 2_000; // milliseconds until styles that did not come are asked for again; then twice as long, to a limit
const LONGEST_AGAIN = 30_000;
const EVENTS = ["typing", "read", "presence", "conversation"];

/**
 * The customer's widget: `<support-chat>` with the attributes of docs/embedding.md. Fires "settings" with the
 * `language` and the `theme` that it has, at first and when the customer chose others.
 */
export class SupportChat extends HTMLElement {
  static service; // its `origin` and its `textLimit`, which widget.js knows: a host page may clone the element

  #root = this.attachShadow({ mode: "open" });
  #store;
  #client = null;
  #conversation;
  #language;
  #launcher;
  #panel;
  #live;
  #place; // what has words
  #isNew = true; // it was never on the page with its words
  #end = null; // the AbortController of what the parts listen to

  constructor() {
    super();
    for (const type of ["keydown", "keyup", "keypress"]) {
      this.#root.addEventListener(type, (event) => event.stopPropagation()); // the host page's shortcuts are not meant
    }
  }

  connectedCallback() {
    if (!SupportChat.service) return; // a page was saved with its element: widget.js makes another
    if (!this.#client) this.#begin();
    else if (this.#panel) this.#appear();
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#client?.stop()); // it may only have been moved
  }

  async #begin() {
    this.#store = new Store("chat:");
    this.#client = new Client({ origin: SupportChat.service.origin, store: this.#store, events: EVENTS });
    this.#conversation = new Conversation(this.#client, this.#store);
    this.#conversation.addEventListener("change", () => this.#count());
    this.dataset.theme = this.#store.get("theme") ?? this.dataset.theme ?? "auto";
    this.#root.adoptedStyleSheets = [await loadStyles()];
    this.#speak();
    this.#build();
    if ("print" in this.dataset) this.#watchPrint();
    if (this.isConnected) this.#appear(); // else the host page took it out meanwhile; put back, it starts
  }

  #appear() {
    this.#client.start();
    this.#fit();
    this.#panel.adapt();
    if (this.#isNew && "open" in this.dataset && this.dataset.open !== "false") this.#panel.open({ takesFocus: false });
    this.#isNew = false;
  }

  /** A host page that is zoomed by its styles would have pixels that are none. */
  #fit() {
    this.#place.style.zoom = 1 / (this.currentCSSZoom ?? 1);
  }

  #speak() {
    this.#language = chooseLanguage(this.#store.get("language") ?? this.dataset.lang);
    speak(this.#language, TEXTS[this.#language]);
  }

  /** Everything that has words; a switch of the language makes it anew. */
  #build() {
    this.#end?.abort();
    this.#end = new AbortController();
    const context = {
      ...SupportChat.service,
      client: this.#client,
      store: this.#store,
      conversation: this.#conversation,
      title: this.dataset.title || t("chat_title"),
      accounts: JSON.parse(this.dataset.accounts || "[]"),
      language: this.#language,
      theme: this.dataset.theme,
      name: this.#panel?.name ?? "",
      place: this.#panel?.place,
      choose: (name, value) => this.#choose(name, value),
      say: (words) => this.#live.say(words),
      onToggle: () => this.#follow(),
      signal: this.#end.signal,
    };
    this.#live = new Live(context);
    this.#panel = new Panel(context);
    this.#launcher = new Launcher(() => (this.#panel.isOpen ? this.#panel.close() : this.#panel.open()));
    const parts = [this.#launcher.element, this.#panel.element, this.#live.element];
    this.#place = h("div", { class: "chat", lang: this.#language }, ...parts);
    paint(this.#place, this.dataset.accent);
    this.#root.replaceChildren(this.#place);
    addEventListener("resize", () => this.#fit(), { signal: this.#end.signal });
    this.#fit();
    this.#count();
    this.#tellSettings();
  }

  #choose(name, value) {
    this.#store.set(name, value);
    if (name === "theme") {
      this.dataset.theme = value;
      this.#tellSettings();
    } else {
      this.#speak();
      this.#build();
      this.#panel.open();
      this.#panel.focusMenu();
    }
  }

  /** The panel opened or closed: the launcher has the focus after it, and what is outside a modal dialog is silent. */
  #follow() {
    const { isOpen, isModal, element } = this.#panel;
    this.#fit();
    this.#launcher.isOpen = isOpen;
    const place = isModal ? element : this.#place;
    if (this.#live.element.parentNode !== place) place.append(this.#live.element);
    if (!isOpen) this.#launcher.element.focus();
  }

  #count() {
    if (this.#launcher) this.#launcher.unread = this.#conversation.unread.length;
  }

  #tellSettings() {
    const detail = { language: this.#language, theme: this.dataset.theme };
    this.dispatchEvent(new CustomEvent("settings", { detail, bubbles: true }));
  }

  /** On paper the widget is the conversation that was loaded. */
  #watchPrint() {
    const isPrinting = matchMedia("print");
    isPrinting.addEventListener("change", () => {
      this.#root.querySelector(".print")?.remove();
      if (!isPrinting.matches) return;
      const name = this.#client.session?.user_name ?? t("you");
      this.#root.append(drawPrint(this.dataset.title || t("chat_title"), this.#conversation.makeRows(), name));
    });
  }
}

/** Again and again until they come: without them it would be a heap of words on the page. */
async function loadStyles(wait = AGAIN) {
  const response = await fetch(new URL("./whole.css", import.meta.url)).catch(() => null);
  const text = response?.ok && (await response.text().catch(() => null));
  if (!text) {
    await pause(wait);
    return loadStyles(Math.min(2 * wait, LONGEST_AGAIN));
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

customElements.define("support-chat", SupportChat);
