/**
 * What a page keeps in this browser, so that a reload and the other tabs find it: JSON values in localStorage under a
 * prefix, and in memory where the browser allows no storage or has no room.
 */
export class Store extends EventTarget {
  #prefix;
  #memory = new Map();

  /** @param {string} prefix of every name, such as "chat:". Fires "change" `{name}` for what another tab changed. */
  constructor(prefix) {
    super();
    this.#prefix = prefix;
    addEventListener("storage", ({ key }) => {
      if (key === null || key.startsWith(prefix)) {
        this.dispatchEvent(new CustomEvent("change", { detail: { name: key?.slice(prefix.length) ?? "" } }));
      }
    });
  }

  /** Whether a reload would lose something. */
  get isVolatile() {
    return this.#memory.size > 0;
  }

  /** The value, or null where there is none. */
  get(name) {
    const text = this.#memory.get(name) ?? attempt(() => localStorage.getItem(this.#prefix + name));
    return text ? attempt(() => JSON.parse(text)) : null;
  }

  set(name, value) {
    const text = JSON.stringify(value);
    this.#memory.delete(name);
    try {
      localStorage.setItem(this.#prefix + name, text);
    } catch {
      this.#memory.set(name, text);
    }
  }

  remove(name) {
    this.#memory.delete(name);
    attempt(() => localStorage.removeItem(this.#prefix + name));
  }

  /** The names that start so. */
  names(start = "") {
    const kept = attempt(() => Object.keys(localStorage)) ?? [];
    const own = kept.filter((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length));
    return [...new Set([...own, ...this.#memory.keys()])].filter((name) => name.startsWith(start));
  }
}

function attempt(read) {
  try {
    return read();
  } catch {
    return null; // storage that is forbidden throws on every touch
  }
}
