import { focused, h, icon } from "../dom.js";
import { LANGUAGES, t } from "../texts.js";

/** The menu of the panel: language, theme, and the way out. */
export class Menu {
  #list;

  /**
   * @param {object} options `language` and `theme` as they are, `choose(name, value)`, `leave()`, and the `client`,
   *   which knows whether anybody is logged in.
   */
  constructor({ client, language, theme, choose, leave, signal }) {
    const languages = Object.entries(LANGUAGES);
    const themes = ["auto", "light", "dark"].map((name) => [name, t(`theme_${name}`)]);
    const name = h("p", { class: "who" });
    const out = h("button", { type: "button", class: "button", onclick: leave }, icon("out"), t("log_out"));
    this.#list = h(
      "div",
      { class: "menu fades", id: "menu", hidden: true },
      name,
      select("language", languages, language, choose),
      select("theme", themes, theme, choose),
      out,
    );
    this.button = h(
      "button",
      {
        type: "button",
        class: "button plain",
        "aria-controls": "menu",
        "aria-label": t("menu"),
        onclick: () => this.toggle(),
      },
      icon("menu"),
    );
    this.element = h("div", { class: "menu-place" }, this.button, this.#list);
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.element.contains(relatedTarget)) this.toggle(false);
    });
    const follow = () => {
      if (!client.session && focused(out) === out) this.button.focus(); // else the host page would have it
      name.textContent = client.session ? t("logged_in_as", { name: client.session.user_name }) : "";
      out.hidden = name.hidden = !client.session;
    };
    client.addEventListener("line", follow, { signal });
    this.toggle(false);
    follow();
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  toggle(isOpen = !this.isOpen) {
    this.#list.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", isOpen);
  }
}

function select(name, choices, chosen, choose) {
  const options = choices.map(([value, words]) => h("option", { value, selected: value === chosen }, words));
  const list = h("select", { class: "field", id: name, onchange: () => choose(name, list.value) }, ...options);
  return h("div", { class: "labelled" }, h("label", { for: name }, t(name)), list);
}
