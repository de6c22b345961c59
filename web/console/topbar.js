import { h, icon } from "../dom.js";
import { LANGUAGES, t } from "../texts.js";

const CALM = 2_000; // milliseconds of a break that nobody needs to hear of
const THEMES = ["", "light", "dark"];

/** The bar at the top: the line's state, who is logged in, what notifies, the language, the theme, help, log-out. */
export class TopBar extends HTMLElement {
  #desk;
  #settings;
  #notifier;
  #line = h("span", { class: "line" });
  #retry = h(
    "button",
    { type: "button", class: "button plain link", hidden: true, onclick: () => this.#desk.client.tryNow() },
    t("try_now"),
  );
  #alerts;
  #theme;

  /** @param {object} actions `alerts()`, `language(name)`, `help()`, `logOut()` */
  constructor(desk, settings, notifier, language, actions) {
    super();
    this.#desk = desk;
    this.#settings = settings;
    this.#notifier = notifier;
    this.#alerts = h("button", { type: "button", class: "button plain", onclick: () => actions.alerts() });
    this.#theme = h("button", { type: "button", class: "button plain", onclick: () => this.#nextTheme() });
    const other = language === "en" ? "ru" : "en";
    const attributes = { type: "button", class: "button plain", lang: other, "aria-label": LANGUAGES[other] };
    this.append(
      h("h1", { class: "title" }, t("desk")),
      h("span", { class: "line-state" }, this.#line, this.#retry),
      h("span", { class: "me" }, desk.me?.user_name ?? ""),
      this.#alerts,
      h(
        "button",
        { ...attributes, title: LANGUAGES[other], onclick: () => actions.language(other) },
        other.toUpperCase(),
      ),
      this.#theme,
      h(
        "button",
        {
          type: "button",
          class: "button plain",
          "aria-label": t("help"),
          title: `${t("help")} (?)`,
          onclick: () => actions.help(),
        },
        icon("help"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "button plain",
          "aria-label": t("log_out"),
          title: t("log_out"),
          onclick: () => actions.logOut(),
        },
        icon("out"),
      ),
    );
    desk.client.addEventListener("line", () => this.#drawLine());
    notifier.addEventListener("change", () => this.#drawAlerts());
    settings.addEventListener("change", () => {
      this.#drawAlerts();
      this.#drawTheme();
    });
    setInterval(() => this.#drawLine(), 500);
    this.#drawLine();
    this.#drawAlerts();
    this.#drawTheme();
  }

  #drawLine() {
    const { state, retryAt, since } = this.#desk.client.line;
    const seconds = Math.max(Math.ceil((retryAt - Date.now()) / 1000), 1);
    const isWaiting = state === "waiting" && Date.now() - since > CALM;
    const words = state === "open" ? t("connected") : isWaiting ? t("reconnecting", { n: seconds }) : t("connecting");
    if (this.#line.textContent !== words) this.#line.textContent = words;
    this.#line.className = `line ${state === "open" ? "ok" : isWaiting ? "bad" : ""}`;
    this.#retry.hidden = !isWaiting;
  }

  #drawAlerts() {
    const sound = t(`sound_${this.#notifier.sound}`);
    const notifications = t(`notifications_${this.#notifier.notifications}`);
    const isSilent = this.#notifier.sound === "blocked";
    this.#alerts.className = `button plain alerts${isSilent ? " warn" : ""}`;
    this.#alerts.title = `${sound}. ${notifications}.`;
    this.#alerts.replaceChildren(
      icon(isSilent ? "alert" : "bell"),
      h("span", { class: "words" }, isSilent ? sound : `${sound} · ${notifications}`),
    );
  }

  #nextTheme() {
    this.#settings.theme = THEMES[(THEMES.indexOf(this.#settings.theme) + 1) % THEMES.length];
  }

  #drawTheme() {
    const { theme } = this.#settings;
    const words = `${t("theme")}: ${t(`theme_${theme || "auto"}`)}`;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    this.#theme.replaceChildren(icon("theme"));
    this.#theme.setAttribute("aria-label", words);
    this.#theme.title = words;
  }
}

customElements.define("desk-topbar", TopBar);
