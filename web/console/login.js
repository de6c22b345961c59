import { LogInFailed } from "../client.js";
import { h } from "../dom.js";
import { t } from "../texts.js";

/** The operators' log-in form. `accounts` of the demo are shown beside it. */
export class LogIn extends HTMLElement {
  #client;
  #name = h("input", {
    class: "field",
    id: "user-name",
    autocomplete: "username",
    required: true,
    autocapitalize: "off",
    spellcheck: "false",
  });
  #password = h("input", {
    class: "field",
    id: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  #reason = h("p", { class: "reason bad", role: "alert" });
  #submit = h("button", { type: "submit", class: "button primary" }, t("log_in"));
  #timer = null;

  constructor(client, accounts) {
    super();
    this.#client = client;
    const form = h(
      "form",
      { class: "card", onsubmit: (event) => this.#onSubmit(event) },
      h("h1", {}, t("desk")),
      h("p", { class: "hint" }, t("desk_log_in")),
      h("label", { for: "user-name" }, t("user_name")),
      this.#name,
      h("label", { for: "password" }, t("password")),
      this.#password,
      this.#reason,
      this.#submit,
    );
    this.append(h("main", {}, form, accounts.length > 0 && this.#drawAccounts(accounts)));
  }

  /** Ask for a name and a password, and say why. */
  show(reason = "") {
    this.hidden = false;
    this.#say(reason);
    this.#password.value = "";
    (this.#name.value ? this.#password : this.#name).focus();
  }

  #drawAccounts(accounts) {
    const fill = ({ user_name, password }) => {
      this.#name.value = user_name;
      this.#password.value = password;
      this.#submit.focus();
    };
    const make = (account) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "button", onclick: () => fill(account) },
          h("b", {}, account.user_name),
          " ",
          h("code", {}, account.password),
        ),
      );
    return h("section", { class: "card demo" }, h("h2", {}, t("demo_accounts")), h("ul", {}, ...accounts.map(make)));
  }

  async #onSubmit(event) {
    event.preventDefault();
    if (this.#submit.getAttribute("aria-disabled") === "true") return;
    this.#hold(true, t("logging_in"));
    this.#say("");
    try {
      await this.#client.logIn(this.#name.value.trim(), this.#password.value);
      this.#password.value = "";
    } catch (error) {
      if (!(error instanceof LogInFailed)) throw error;
      this.#explain(error);
    } finally {
      this.#hold(false);
    }
  }

  #explain({ reason, seconds }) {
    this.#password.select();
    if (reason === "throttled") this.#countDown(Date.now() + seconds * 1000);
    else this.#say(t(reason === "wrong" ? "wrong_password" : "unavailable"));
  }

  /** The time that is left, beside the alert, which is spoken once. */
  #countDown(until) {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    this.#say(seconds > 0 ? t("throttled", { n: seconds }) : "");
    if (seconds > 0) this.#timer = setTimeout(() => this.#countDown(until), 1000);
  }

  #say(words) {
    clearTimeout(this.#timer);
    this.#reason.setAttribute("role", this.#reason.textContent ? "none" : "alert");
    this.#reason.textContent = words;
  }

  #hold(isHeld, words = t("log_in")) {
    this.#submit.setAttribute("aria-disabled", isHeld);
    this.#submit.textContent = words;
  }
}

customElements.define("desk-log-in", LogIn);
