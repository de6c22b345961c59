const DEFAULTS = {
  filter: "waiting",
  language: "",
  theme: "",
  hasSound: true,
  hasNotifications: true,
  hasKeys: true,
  limits: { warn: 5, late: 15 }, // minutes of a wait
};

/** What an operator has set, kept in the store. Fires "change". */
export class Settings extends EventTarget {
  #store;

  constructor(store) {
    super();
    this.#store = store;
    for (const name of Object.keys(DEFAULTS)) {
      Object.defineProperty(this, name, {
        get: () => this.#kept[name] ?? DEFAULTS[name],
        set: (value) => this.#set(name, value),
      });
    }
    store.addEventListener("change", ({ detail }) => detail.name === "settings" && this.#tell());
  }

  get #kept() {
    return this.#store.get("settings") ?? {};
  }

  #set(name, value) {
    this.#store.set("settings", { ...this.#kept, [name]: value });
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
