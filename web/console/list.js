import { focused, h } from "../dom.js";

export const ROW = 68; // pixels
const SPARE = 8; // rows above and below the view

/**
 * A long list of buttons of one height that draws only those near the view. A row keeps its element as long as it is
 * drawn, so that it keeps the focus; only its place changes. The one with the focus is always drawn.
 *
 * Fires "more" when the end comes near.
 */
export class FixedList extends HTMLElement {
  #list = h("ul");
  #make;
  #keys = [];
  #rows = new Map(); // key → {item, button}
  #current = null; // the key that Tab comes to
  #frame = 0;

  /**
   * @param {string} label
   * @param {function(key, HTMLButtonElement)} make fills a row's button; called again when it may have changed.
   * @param {function(key, MouseEvent)} choose
   */
  constructor(label, make, choose) {
    super();
    this.#make = make;
    this.#list.setAttribute("aria-label", label);
    this.append(this.#list);
    this.addEventListener("scroll", () => {
      this.#frame ||= requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    });
    this.addEventListener("click", (event) => {
      const button = event.target.closest(".row");
      if (button) choose(button.key, event);
    });
    this.addEventListener("focusin", ({ target }) => {
      if (target.key !== undefined) this.#setCurrent(target.key);
    });
    new ResizeObserver(() => this.#draw()).observe(this);
  }

  get keys() {
    return this.#keys;
  }

  /** The key of the row that has the focus, or had it last. */
  get current() {
    return this.#current;
  }

  show(keys) {
    this.#keys = keys;
    this.#list.style.height = `${keys.length * ROW}px`;
    this.#draw();
  }

  /** Fill the drawn rows again: all, or the one with that key. */
  refresh(key) {
    for (const [drawn, { button }] of this.#rows) {
      if (key === undefined || key === drawn) this.#make(drawn, button);
    }
  }

  /** Give a row the focus. False where it is not in the list. */
  focusRow(key) {
    const index = this.#keys.indexOf(key);
    if (index < 0) return false;
    this.#setCurrent(key);
    const top = index * ROW;
    if (top < this.scrollTop) this.scrollTop = top;
    if (top + ROW > this.scrollTop + this.clientHeight) this.scrollTop = top + ROW - this.clientHeight;
    this.#draw();
    this.#rows.get(key).button.focus({ preventScroll: true });
    return true;
  }

  /** The key so many rows further; the first or the last where the list ends. */
  neighbour(key, step) {
    const index = this.#keys.indexOf(key);
    if (index < 0) return this.#keys[step > 0 ? 0 : this.#keys.length - 1];
    return this.#keys[Math.min(Math.max(index + step, 0), this.#keys.length - 1)];
  }

  #setCurrent(key) {
    this.#current = key;
    for (const [drawn, { button }] of this.#rows) button.tabIndex = drawn === key ? 0 : -1;
  }

  #draw() {
    const first = Math.max(Math.floor(this.scrollTop / ROW) - SPARE, 0);
    const last = Math.ceil((this.scrollTop + this.clientHeight) / ROW) + SPARE;
    if (!this.#keys.includes(this.#current)) this.#setCurrent(this.#keys[0] ?? null);
    const wanted = new Map(this.#keys.slice(first, last).map((key, index) => [key, first + index]));
    const held = focused(this)?.key;
    for (const key of [held, this.#current]) {
      const index = this.#keys.indexOf(key);
      if (index >= 0) wanted.set(key, index);
    }
    for (const [key, { item }] of this.#rows) {
      if (wanted.has(key)) continue;
      item.remove();
      this.#rows.delete(key);
    }
    for (const [key, index] of wanted) this.#place(key, index);
    if (last >= this.#keys.length) this.dispatchEvent(new CustomEvent("more"));
  }

  #place(key, index) {
    if (!this.#rows.has(key)) {
      const button = h("button", { type: "button", class: "row", tabindex: key === this.#current ? 0 : -1 });
      const item = h("li", {}, button);
      button.key = key;
      this.#make(key, button);
      this.#rows.set(key, { item, button });
      this.#list.append(item);
    }
    const { item } = this.#rows.get(key);
    item.style.top = `${index * ROW}px`;
    item.setAttribute("aria-setsize", this.#keys.length);
    item.setAttribute("aria-posinset", index + 1);
  }
}

customElements.define("desk-list", FixedList);
