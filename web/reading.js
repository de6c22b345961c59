const GLANCE = 1000; // milliseconds for which a message must be on screen

/**
 * Tells what somebody has read: a message that was on screen for a second of a page that is visible and has the focus.
 *
 * @param {Transcript} transcript
 * @param {function(number)} tell called with the newest message's id; the ids only rise until `reset`.
 * @param {object} options a `signal` that ends it.
 */
export class Reading {
  #transcript;
  #tell;
  #timer = null;
  #candidate = 0;
  #told = 0;

  constructor(transcript, tell, { signal } = {}) {
    this.#transcript = transcript;
    this.#tell = tell;
    transcript.addEventListener("view", () => this.#look(), { signal });
    addEventListener("scroll", () => this.#look(), { signal }); // a low window scrolls itself
    addEventListener("focus", () => this.#look(), { signal });
    addEventListener("blur", () => this.#look(), { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    signal?.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /** Another conversation is shown, of which was read up to that id. */
  reset(readId = 0) {
    clearTimeout(this.#timer);
    this.#candidate = 0;
    this.#told = readId;
  }

  #look() {
    const isBefore = document.visibilityState === "visible" && document.hasFocus();
    const seen = isBefore ? (this.#transcript.newestSeen?.message_id ?? 0) : 0;
    if (seen <= this.#told) {
      clearTimeout(this.#timer);
      this.#candidate = 0;
    } else if (this.#candidate === 0 || seen < this.#candidate) {
      this.#candidate = seen;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#read(), GLANCE);
    }
  }

  #read() {
    this.#told = this.#candidate;
    this.#candidate = 0;
    this.#tell(this.#told);
    this.#look(); // newer ones came meanwhile
  }
}
