import { Client } from "../client.js";
import { t } from "../texts.js";
import { Conversation } from "./conversation.js";
import { Live } from "./live.js";
import { Panel } from "./panel.js";
import { drawPrint } from "./print.js";

const EVENTS = ["typing", "read", "presence", "conversation"];

/** What is behind the launcher: the connection, the conversation, and, in the language of the moment, the panel. */
export class Room {
  live = null;

  #service;
  #store;

  /** @param onChange called when the conversation changed. */
  constructor(service, store, onChange) {
    this.#service = service;
    this.#store = store;
    this.client = new Client({ origin: service.origin, store, events: EVENTS });
    this.conversation = new Conversation(this.client, store);
    this.conversation.addEventListener("change", onChange);
  }

  /** The panel, new. */
  build(settings) {
    const { client, conversation } = this;
    const say = (words) => this.live.say(words);
    const context = { ...this.#service, ...settings, store: this.#store, client, conversation, say };
    this.live = new Live(context);
    return new Panel(context);
  }

  print(title) {
    return drawPrint(this.conversation, title || t("chat_title"), this.client.session?.user_name ?? t("you"));
  }
}
