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
  #values = DEFAULTS;

  constructor(store) {
    super();
    const read = () => {
      this.#values = { ...DEFAULTS, ...store.get("settings") };
      this.dispatchEvent(new CustomEvent("change"));
    };
    for (const name of Object.keys(DEFAULTS)) {
      const set = (value) => {
        store.set("settings", { ...this.#values, [name]: value });
        read();
      };
      Object.defineProperty(this, name, { get: () => this.#values[name], set });
    }
    store.addEventListener("change", ({ detail }) => detail.name === "settings" && read());
    read();
  }
}
