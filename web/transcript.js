import { focused, h } from "./dom.js";

const NODES = 200; // rows in the page at most
const SPARE = 900; // pixels of rows above and below what is seen
const EDGE = 600; // pixels from the oldest row where older ones are asked for
const FOLLOW = 100; // pixels from the end within which the end is followed
const GUESS = 48; // the height of a row that was never shown

/**
 * A long list of rows of any height that draws only those near the view: an `<ol>` in a scroller. What one reads
 * stays where it is, whatever comes above or below, and while it is hidden; at the end, the end is followed.
 *
 * Fires "older" when older rows are wanted, and "view" when what is seen has changed.
 */
export class Transcript extends HTMLElement {
  #list = h("ol");
  #draw;
  #rows = [];
  #index = new Map(); // key → place in rows
  #nodes = new Map(); // key → <li> in the page
  #drawn = new WeakMap(); // <li> → the row that it shows
  #heights = new Map(); // key → pixels
  #first = 0; // the rows in the page: from first up to last, which is not
  #last = 0;
  #frame = 0;
  #width = 0;
  #shownHeight = 0;
  #top = 0; // where it stood, when that was last noted
  #inView = []; // the rows from the view's top on, when it was last seen: {key, offset}, pixels below that top
  isFollowing = true;

  /** @param draw fills a row's `<li>`: `draw(row, element)`. */
  constructor(draw) {
    super();
    this.#draw = draw;
    this.append(this.#list);
    this.tabIndex = 0;
    this.addEventListener("scroll", () => {
      this.#noteScroll();
      this.#frame ||= requestAnimationFrame(() => this.#afterScroll());
    });
    new ResizeObserver(() => this.#resize()).observe(this);
  }

  /** It may have been moved: a scroller that is put back stands at its top, and tells nobody. */
  connectedCallback() {
    if (this.#shownHeight) this.#render(this.isFollowing ? null : this.#anchor);
  }

  /** Show these rows (rows.js) in place of those before. */
  show(rows, { toEnd = false } = {}) {
    this.#noteScroll();
    this.#look();
    this.#rows = rows;
    this.#index = new Map(rows.map((row, place) => [row.key, place]));
    this.isFollowing ||= toEnd;
    this.#render(this.isFollowing ? null : this.#anchor);
    this.tellView();
  }

  toEnd() {
    this.isFollowing = true;
    this.#render(null);
    this.tellView();
  }

  /** Where one reads: the first row in view, `{key, offset}`; null at the end. */
  get place() {
    return this.isFollowing ? null : this.#anchor;
  }

  /** Bring a row to that many pixels below the view's top. False where there is none with that key. */
  scrollToRow(key, offset = this.clientHeight / 4) {
    if (!this.#index.has(key)) return false;
    this.#inView = [{ key, offset }];
    this.#render(this.#anchor);
    this.isFollowing = this.#isAtEnd;
    this.tellView();
    return true;
  }

  /** What is seen has changed; who scrolls what it stands in calls this, too. */
  tellView() {
    this.#look();
    if (this.clientHeight && this.#rows.length && this.scrollTop < EDGE) this.dispatchEvent(new CustomEvent("older"));
    this.dispatchEvent(new CustomEvent("view"));
  }

  /** The newest message of the other side whose end is on screen; undefined where none is. */
  get newestSeen() {
    if (!this.clientHeight) return undefined;
    const edge = this.closest("dialog")?.getBoundingClientRect().bottom ?? innerHeight;
    const end = Math.min(edge, innerHeight) - this.getBoundingClientRect().top;
    const onScreen = Math.min(this.clientHeight, end); // of a low window, or a low dialog
    const bottom = this.scrollTop + onScreen + 4;
    const isSeen = (row) => row.kind === "message" && !row.own && this.#bottom(this.#nodes.get(row.key)) <= bottom;
    return this.#rows.slice(this.#first, this.#last).findLast(isSeen)?.message;
  }

  get #distanceToEnd() {
    return this.scrollHeight - this.scrollTop - this.clientHeight;
  }

  get #isAtEnd() {
    return this.clientHeight > 0 && this.#distanceToEnd < 1;
  }

  #bottom(node) {
    return node.offsetTop + node.offsetHeight;
  }

  #height(row) {
    return this.#heights.get(row.key) ?? GUESS;
  }

  /** Follow the end, or not, by where somebody has scrolled to. "scroll" may come behind the next drawing. */
  #noteScroll() {
    if (!this.clientHeight || !this.#shownHeight) return; // hidden, or was until now
    const top = Math.min(this.#top, this.scrollHeight - this.clientHeight); // nobody scrolls what is made taller
    if (Math.abs(this.scrollTop - top) < 1) return;
    this.#top = this.scrollTop;
    this.isFollowing = this.#distanceToEnd < FOLLOW;
  }

  /** Note what is in view. What is hidden, or was until now, has no place: what was noted before stays. */
  #look() {
    if (!this.clientHeight || !this.#shownHeight) return;
    this.#inView = this.#rows
      .slice(this.#first, this.#last)
      .map(({ key }) => ({ key, node: this.#nodes.get(key) }))
      .filter(({ node }) => this.#bottom(node) > this.scrollTop)
      .map(({ key, node }) => ({ key, offset: node.offsetTop - this.scrollTop }));
    if (!(this.#inView[0]?.offset < this.clientHeight)) this.#inView = this.#guessView();
  }

  /** The first row in view, of those that are still there. The line "New" may have moved: it is one where it is alone. */
  get #anchor() {
    const there = this.#inView.filter(({ key }) => this.#index.has(key));
    return there.find(({ key }) => key !== "new") ?? there[0] ?? null;
  }

  #afterScroll() {
    this.#frame = 0;
    const top = this.#nodes.get(this.#rows[this.#first]?.key)?.offsetTop ?? 0;
    const end = this.#rows[this.#last - 1];
    const bottom = end ? this.#bottom(this.#nodes.get(end.key)) : 0;
    const isShort = this.#first > 0 && top > this.scrollTop - SPARE / 3;
    const isShortBelow = this.#last < this.#rows.length && bottom < this.scrollTop + this.clientHeight + SPARE / 3;
    if (isShort || isShortBelow) {
      this.#look();
      this.#render(this.#anchor);
    }
    this.tellView();
  }

  /** After a jump no row in view is in the page: the one that should be there. */
  #guessView() {
    let top = 0;
    for (const row of this.#rows) {
      if (top + this.#height(row) > this.scrollTop) return [{ key: row.key, offset: top - this.scrollTop }];
      top += this.#height(row);
    }
    return [];
  }

  #resize() {
    this.#shownHeight = this.clientHeight;
    if (this.clientHeight) {
      if (this.clientWidth !== this.#width) this.#heights.clear();
      this.#width = this.clientWidth;
      this.#render(this.isFollowing ? null : this.#anchor);
      this.isFollowing ||= this.#isAtEnd;
    }
    this.tellView();
  }

  /** Draw the rows around the anchor, `{key, offset}`, or the last ones. */
  #render(anchor) {
    for (let round = 0; round < 3; round++) {
      this.#choose(anchor);
      this.#patch();
      if (!this.clientHeight) return; // hidden: nothing has a height; #resize goes on
      this.#measure();
      const node = anchor && this.#nodes.get(anchor.key);
      const top = node ? node.offsetTop - anchor.offset : this.scrollHeight;
      if (Math.abs(this.scrollTop - top) >= 1) this.scrollTop = top;
      this.#top = this.scrollTop;
      if (this.#isCovered()) break; // else the guessed heights were far off
    }
  }

  #choose(anchor) {
    const start = anchor ? (this.#index.get(anchor.key) ?? this.#rows.length - 1) : this.#rows.length - 1;
    const above = SPARE + (anchor ? Math.max(anchor.offset, 0) : this.clientHeight);
    const below = SPARE + this.clientHeight - Math.min(anchor?.offset ?? 0, 0); // of a tall one most is above the view
    this.#first = Math.max(start, 0);
    for (let sum = 0; this.#first > 0 && sum < above && start - this.#first < NODES * 0.4;) {
      sum += this.#height(this.#rows[--this.#first]);
    }
    this.#last = Math.max(start, 0);
    for (let sum = 0; this.#last < this.#rows.length && sum < below && this.#last - this.#first < NODES;) {
      sum += this.#height(this.#rows[this.#last++]);
    }
  }

  #patch() {
    const rows = this.#rows.slice(this.#first, this.#last);
    const wanted = new Set(rows.map((row) => row.key));
    const focus = focused(this);
    for (const [key, node] of this.#nodes) {
      if (wanted.has(key)) continue;
      if (node.contains(focus)) this.focus({ preventScroll: true }); // else the focus would fall to the page
      node.remove();
      this.#nodes.delete(key);
    }
    let next = this.#list.firstChild;
    for (const row of rows) {
      const node = this.#nodes.get(row.key) ?? h("li");
      if (!isAlike(this.#drawn.get(node), row)) {
        const hadFocus = node.contains(focus);
        this.#draw(row, node);
        if (hadFocus && !node.contains(focus)) this.focus({ preventScroll: true });
        this.#drawn.set(node, row);
      }
      this.#nodes.set(row.key, node);
      if (node === next) next = next.nextSibling;
      else this.#list.insertBefore(node, next);
    }
  }

  #measure() {
    for (const [key, node] of this.#nodes) this.#heights.set(key, node.offsetHeight);
    const sum = (rows) => rows.reduce((pixels, row) => pixels + this.#height(row), 0);
    this.#list.style.paddingTop = `${sum(this.#rows.slice(0, this.#first))}px`;
    this.#list.style.paddingBottom = `${sum(this.#rows.slice(this.#last))}px`;
  }

  #isCovered() {
    const node = this.#nodes.get(this.#rows[this.#first]?.key);
    const end = this.#nodes.get(this.#rows[this.#last - 1]?.key);
    const isFull = this.#last - this.#first >= NODES;
    const isAbove = this.#first === 0 || node.offsetTop <= this.scrollTop;
    const isBelow = this.#last === this.#rows.length || this.#bottom(end) >= this.scrollTop + this.clientHeight;
    return isFull || (isAbove && isBelow);
  }
}

/** Whether two rows of one key are the same to see. */
function isAlike(before, row) {
  return before?.mark === row.mark && before.message?.message_text === row.message?.message_text;
}

customElements.define("chat-transcript", Transcript);
