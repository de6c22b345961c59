import { h } from "../dom.js";
import { Store } from "../store.js";
import { chooseLanguage, speak, t } from "../texts.js";
import { paint } from "./accent.js";
import { Launcher } from "./launcher.js";

const STYLES = ["../look.css", "../transcript.css", "./widget.css"];

/**
 * The customer's widget: `<support-chat>` with the attributes of docs/embedding.md. At first it is its launcher alone;
 * the rest comes when somebody opens it or is logged in.
 *
 * Fires "settings" with the `language` and the `theme` that it has, at first and when the customer chose others.
 */
export class SupportChat extends HTMLElement {
  #service;
  #root = this.attachShadow({ mode: "open" });
  #store;
  #language;
  #launcher;
  #panel = null;
  #place; // what has words
  #end = null; // the AbortController of what the parts listen to
  #loading = null; // the promise of the room
  #room = null;

  /** @param {object} service its `origin`, and its `textLimit`. */
  constructor(service) {
    super();
    this.#service = service;
    for (const type of ["keydown", "keyup", "keypress"]) {
      this.#root.addEventListener(type, (event) => event.stopPropagation()); // the host page's shortcuts are not meant
    }
  }

  connectedCallback() {
    if (this.#store) this.#room?.client.start();
    else this.#begin();
  }

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#room?.client.stop()); // it may only have been moved
  }

  async #begin() {
    this.#store = new Store("chat:");
    this.#store.addEventListener("change", ({ detail }) => detail.name === "session" && this.#load());
    this.dataset.theme = this.#store.get("theme") ?? this.dataset.theme ?? "auto";
    this.#root.adoptedStyleSheets = await Promise.all(STYLES.map(loadStyles));
    await this.#speak();
    this.#build();
    const isOpen = "open" in this.dataset && this.dataset.open !== "false";
    if (isOpen || this.#store.get("session")) await this.#load();
    if (isOpen) this.#panel?.open({ takesFocus: false });
  }

  async #speak() {
    this.#language = chooseLanguage(this.#store.get("language") ?? this.dataset.lang);
    speak(this.#language, (await import(`../texts/${this.#language}.js`)).default);
  }

  /** Everything that has words; a switch of the language makes it anew. */
  #build() {
    this.#end?.abort();
    this.#end = new AbortController();
    this.#launcher = new Launcher(() => this.#toggle());
    this.#place = h("div", { class: "chat", lang: this.#language }, this.#launcher.element);
    paint(this.#place, this.dataset.accent);
    if (this.#room) this.#addRoom();
    this.#root.replaceChildren(this.#place);
    this.#tellSettings();
  }

  #addRoom() {
    this.#panel = this.#room.build({
      title: this.dataset.title,
      accounts: JSON.parse(this.dataset.accounts || "[]"),
      language: this.#language,
      theme: this.dataset.theme,
      choose: (name, value) => this.#choose(name, value),
      onToggle: () => this.#follow(),
      signal: this.#end.signal,
    });
    this.#place.append(this.#panel.element, this.#room.live.element);
    this.#count();
  }

  /** The room, once; where it can't be had, the launcher says so, and the next click tries again. */
  async #load() {
    this.#loading ??= import("./room.js");
    try {
      const { Room } = await this.#loading;
      if (this.#room) return;
      this.#room = new Room(this.#service, this.#store, () => this.#count());
    } catch {
      this.#loading = null;
      this.#launcher.complain(t("unavailable"));
      return;
    }
    this.#addRoom();
    if ("print" in this.dataset) this.#watchPrint();
    this.#room.client.start();
  }

  async #toggle() {
    if (!this.#room) await this.#load();
    if (this.#panel?.isOpen) this.#panel.close();
    else this.#panel?.open();
  }

  async #choose(name, value) {
    this.#store.set(name, value);
    if (name === "theme") {
      this.dataset.theme = value;
      this.#tellSettings();
    } else {
      await this.#speak();
      this.#build();
      this.#panel.open();
      this.#panel.focusMenu();
    }
  }

  /** The panel opened or closed: the launcher has the focus after it, and what is outside a modal dialog is silent. */
  #follow() {
    const { isOpen, isModal, element } = this.#panel;
    const { live } = this.#room;
    this.#launcher.isOpen = isOpen;
    const place = isModal ? element : this.#place;
    if (live.element.parentNode !== place) place.append(live.element);
    if (!isOpen) this.#launcher.element.focus();
  }

  #count() {
    this.#launcher.unread = this.#room.conversation.unread.length;
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
      if (isPrinting.matches) this.#root.append(this.#room.print(this.dataset.title));
    });
  }
}

async function loadStyles(path) {
  const response = await fetch(new URL(path, import.meta.url));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await response.text());
  return sheet;
}

customElements.define("support-chat", SupportChat);
