import { Store } from "../store.js";
import { chooseLanguage, speak, t } from "../texts.js";
import { Desk } from "./desk.js";
import { confirm } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { LogIn } from "./login.js";
import { Settings } from "./settings.js";
import "./shapes.js";
import { Workplace } from "./workplace.js";

/** The console's page: the log-in form, or the workplace of the operator who is logged in. */
class Console extends HTMLElement {
  #store = new Store("desk:");
  #settings = new Settings(this.#store);
  #desk;
  #logIn;
  #workplace = null;

  async connectedCallback() {
    this.tabIndex = -1; // a click beside everything leaves the focus in here
    const language = chooseLanguage(this.#settings.language);
    speak(language, (await import(`./texts/${language}.js`)).default);
    document.documentElement.lang = language;
    if (this.#settings.theme) document.documentElement.dataset.theme = this.#settings.theme;
    document.title = t("desk");
    const accounts = this.dataset.accounts ? JSON.parse(this.dataset.accounts) : [];
    this.#desk = new Desk(location.origin, this.#store);
    this.#desk.drafts = new Drafts(this.#desk);
    this.#logIn = new LogIn(this.#desk.client, accounts);
    this.replaceChildren(this.#logIn);
    this.#desk.client.addEventListener("line", () => this.#follow(language));
    this.#desk.client.addEventListener("out", () => this.#leave());
    this.addEventListener("focusout", () => setTimeout(() => this.#keepFocus()));
    if (this.#desk.client.session) this.#work(language);
    else this.#logIn.show(this.#store.get("expired") ? t("expired") : "");
    this.#desk.client.start();
  }

  /** Before the client's "enter": the workplace listens to it. */
  #follow(language) {
    const { client } = this.#desk;
    if (client.line.state !== "open") return;
    if (client.isOperator) this.#work(language);
    else {
      client.logOut();
      this.#logIn.show(t("not_an_operator"));
    }
  }

  #work(language) {
    if (this.#workplace) return;
    const limit = Number(this.dataset.textLimit);
    this.#workplace = new Workplace(this.#desk, this.#settings, language, limit, () => this.#logOut());
    this.#logIn.hidden = true;
    this.append(this.#workplace);
    this.#workplace.start();
  }

  /** The workplace is left by a reload: nothing of it stays in memory. */
  #leave() {
    if (this.#workplace) location.reload();
  }

  async #logOut() {
    const { outbox, drafts, client } = this.#desk;
    const losses = outbox.unsent.length + drafts.count;
    if (losses && !(await confirm(t("log_out"), t("log_out_loses", { n: losses }), t("log_out")))) return;
    outbox.clear();
    drafts.clear();
    client.logOut();
  }

  #keepFocus() {
    if (document.activeElement !== document.body || !document.hasFocus()) return;
    if (this.#workplace) this.#workplace.focusRow();
    else this.#logIn.show();
  }
}

customElements.define("desk-console", Console);
