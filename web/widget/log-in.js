import { LogInFailed } from "../client.js";
import { focused, h } from "../dom.js";
import { t } from "../texts.js";

// Of the last form: one that is made anew, in another language, goes on with them.
let attempt = null; // to log in, which is under way
let heldUntil = 0; // milliseconds: until then the service would not even look at the password

/** The form to log in. It keeps the name, whatever happens. */
export class LogIn {
  #client;
  #say;
  #signal;
  #error = h("p", { class: "error", id: "error", hidden: true });
  #name = this.#field("user_name", { autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  #password = this.#field("password", { type: "password", autocomplete: "current-password" });
  #button = h("button", { class: "button primary" }, t("log_in"));
  #countdown = null;
  #isBusy = false;

  /**
   * @param {object} options `notice`, a node that says why one is here; `name`, who was here; `accounts` of a demo,
   *   `[{user_name, password}]`; `say(words)` for a screen reader.
   */
  constructor({ client, notice, name, accounts, say, signal }) {
    this.#client = client;
    this.#say = say;
    this.#signal = signal;
    this.#name.value = name;
    const form = h("form", { novalidate: true, onsubmit: (event) => this.#submit(event) });
    form.append(label("user_name", this.#name), label("password", this.#password), this.#error, this.#button);
    this.element = h(
      "div",
      { class: "log-in" },
      notice && h("p", { class: "notice" }, notice),
      h("p", {}, t("log_in_first")),
      form,
      accounts.length > 0 && this.#drawAccounts(accounts),
    );
    signal.addEventListener("abort", () => clearInterval(this.#countdown));
    if (attempt) this.#await();
    else if (heldUntil > Date.now()) this.#countDown();
  }

  get name() {
    return this.#name.value;
  }

  focus() {
    (this.#name.value ? this.#password : this.#name).focus();
  }

  #field(name, attributes) {
    return h("input", { class: "field", id: name, name, required: true, "aria-describedby": "error", ...attributes });
  }

  #drawAccounts(accounts) {
    const items = accounts.map(({ user_name, password }) =>
      h(
        "li",
        {},
        h("span", {}, user_name, " · ", h("code", {}, password)),
        h("button", { type: "button", class: "button", onclick: () => this.#fill(user_name, password) }, t("fill_in"), [
          h("span", { class: "hidden" }, ` ${user_name}`),
        ]),
      ),
    );
    return h("section", { class: "accounts" }, h("h3", {}, t("demo_accounts")), h("ul", {}, ...items));
  }

  #fill(user_name, password) {
    this.#name.value = user_name;
    this.#password.value = password;
    this.#button.focus();
  }

  #submit(event) {
    event.preventDefault();
    if (this.#isBusy) return;
    const missing = [this.#name, this.#password].find((field) => field.value === "");
    if (missing) {
      missing.focus();
      return;
    }
    attempt = this.#client.logIn(this.#name.value.trim(), this.#password.value).finally(() => (attempt = null));
    this.#await();
  }

  async #await() {
    this.#setBusy(true, t("logging_in"));
    try {
      await attempt;
    } catch (error) {
      if (!(error instanceof LogInFailed)) throw error;
      if (!this.#signal.aborted) this.#fail(error); // else another form has taken its place
    }
  }

  #fail({ reason, seconds }) {
    this.#setBusy(false);
    this.#name.removeAttribute("aria-invalid");
    this.#password.removeAttribute("aria-invalid");
    if (reason === "throttled") {
      heldUntil = Date.now() + seconds * 1000;
      this.#countDown();
    } else {
      this.#show(t(reason === "wrong" ? "wrong_password" : "unavailable"));
    }
    this.#say(this.#error.textContent);
    if (reason === "wrong") {
      this.#name.setAttribute("aria-invalid", "true");
      this.#password.setAttribute("aria-invalid", "true");
      if (this.element.contains(focused(this.element))) {
        this.#password.select();
        this.#password.focus();
      } // else one is elsewhere by now, from where either would take the focus
    }
    this.#error.scrollIntoView({ block: "nearest" });
  }

  #countDown() {
    const tick = () => {
      const n = Math.ceil((heldUntil - Date.now()) / 1000);
      this.#setBusy(n > 0);
      this.#show(n > 0 ? t("throttled", { n }) : "");
      if (n <= 0) clearInterval(this.#countdown);
    };
    clearInterval(this.#countdown);
    this.#countdown = setInterval(tick, 1000);
    tick();
  }

  #show(words) {
    this.#error.hidden = words === "";
    this.#error.textContent = words;
  }

  #setBusy(isBusy, words = t("log_in")) {
    this.#isBusy = isBusy;
    this.#button.setAttribute("aria-disabled", isBusy); // "disabled" would lose the focus
    this.#button.textContent = words;
  }
}

function label(name, field) {
  return h("div", { class: "labelled" }, h("label", { for: name }, t(name)), field);
}
