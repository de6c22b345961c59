import { t } from "../texts.js";
import { findWait } from "./row.js";

const PAUSE = 3_000; // milliseconds between two sounds
const TABS = 150_000; // milliseconds after which a tab that says nothing is gone; one behind others ticks once a minute
const TONES = [880, 1175]; // hertz
const CUT = 80; // characters of a message in a notification

/**
 * Tells an operator who looks elsewhere that a customer wrote, or waits too long: by a sound and a notification, from
 * the tab that had the focus last. Fires "change" when what it can do has changed.
 */
export class Notifier extends EventTarget {
  #desk;
  #settings;
  #isBeforeEyes;
  #open;
  #tab = crypto.getRandomValues(new Uint32Array(1))[0];
  #audio = new AudioContext();
  #soundedAt = 0;
  #since = Infinity; // the service's time when this operator entered, in seconds
  #heard = new Map(); // customer's id → the newest message that was noticed
  #late = new Map(); // customer's id → the waiting message that was told to be late

  /**
   * @param {function(number)} isBeforeEyes whether a customer's newest message is being looked at
   * @param {function(number)} open shows a customer's conversation
   */
  constructor(desk, settings, isBeforeEyes, open) {
    super();
    this.#desk = desk;
    this.#settings = settings;
    this.#isBeforeEyes = isBeforeEyes;
    this.#open = open;
    desk.addEventListener("conversation", ({ detail: { now, before } }) => this.#notice(now, before));
    desk.client.addEventListener("enter", ({ detail }) => (this.#since = Math.min(this.#since, detail.status.now)));
    desk.client.addEventListener("out", () => this.#heard.clear());
    this.#audio.addEventListener("statechange", () => this.#tell());
    // Not "pointerdown": the bar becomes lower with it, and what was pressed would be gone from under the pointer
    for (const gesture of ["click", "keydown"]) addEventListener(gesture, () => this.#wake(), true);
    addEventListener("focus", () => this.#claim());
    addEventListener("pagehide", () => this.#holder?.tab === this.#tab && desk.store.remove("focused-tab"));
    if (document.hasFocus()) this.#claim();
    desk.addEventListener("tick", () => this.#onTick());
  }

  /** "on", "off" or "blocked" until a click or a key. */
  get sound() {
    if (!this.#settings.hasSound) return "off";
    return this.#audio.state === "running" ? "on" : "blocked";
  }

  /** "on", "off", "ask", "blocked" by the browser, "insecure" (needs HTTPS) or "unsupported". */
  get notifications() {
    if (!("Notification" in window)) return window.isSecureContext ? "unsupported" : "insecure";
    if (!window.isSecureContext) return "insecure";
    if (Notification.permission === "denied") return "blocked";
    if (!this.#settings.hasNotifications) return "off";
    return Notification.permission === "granted" ? "on" : "ask";
  }

  /** Ask the browser's leave. Only to be called on a click. */
  async allow() {
    this.#settings.hasNotifications = true;
    if ("Notification" in window) await Notification.requestPermission();
    this.#tell();
  }

  /** Try both. Returns what happened, in words. */
  async test() {
    await this.#audio.resume();
    const sound = this.#settings.hasSound ? this.#play() : false;
    const { notifications } = this;
    const isShown = notifications === "on" && this.#show("test", t("test_title"), t("test_body"), () => {});
    const heard = t(sound ? "test_sound" : `sound_${this.sound}`);
    const refused = t(notifications === "on" ? "test_refused" : `notifications_${notifications}`);
    return `${heard}. ${isShown ? t("test_notification") : refused}.`;
  }

  // When

  #notice(now, before) {
    if (!before && this.#isLate(now)) this.#late.set(now.user_id, now.waitingId); // the list shows it: no news
    const last = now.last_message;
    const heard = this.#heard.get(now.user_id) ?? before?.last_message?.message_id;
    this.#heard.set(now.user_id, Math.max(last?.message_id ?? 0, heard ?? 0));
    const isNew = heard !== undefined ? last?.message_id > heard : last && this.#isFresh(last);
    if (!isNew || now.waiting_since === null || !this.#isMine(now) || this.#isBeforeEyes(now.user_id)) return;
    this.#call(now, last.message_text);
  }

  /** Of a conversation that was not known yet, what was written before this page was there is no news. */
  #isFresh(last) {
    return last.created >= this.#since;
  }

  /** It is everybody's, or this operator's, or of one who is not there. */
  #isMine({ operator_id: operatorId }) {
    if (operatorId === null || operatorId === this.#desk.me?.user_id) return true;
    return !this.#desk.operators.get(operatorId)?.online;
  }

  #isLate(conversation) {
    return findWait(conversation, this.#desk.client.now, this.#settings.limits)?.level === "late";
  }

  #onTick() {
    const isLast = this.#desk.store.get("focused-tab")?.tab === this.#tab; // also of those that slept
    if (document.hasFocus() || isLast) this.#claim();
    if (!this.#desk.isOnline) return; // colleagues may have answered meanwhile
    for (const conversation of this.#desk.conversations.values()) {
      const { user_id: id, waitingId } = conversation;
      if (!this.#isLate(conversation) || this.#late.get(id) === waitingId || !this.#isMine(conversation)) continue;
      this.#late.set(id, waitingId);
      if (!this.#isBeforeEyes(id)) this.#call(conversation, t("waits_long"));
    }
  }

  // How

  #call({ user_id: id, user_name: name }, text) {
    const holder = this.#holder;
    if (holder && holder.tab !== this.#tab) return;
    if (this.sound === "on" && Date.now() - this.#soundedAt > PAUSE) this.#play();
    const short = [...text].slice(0, CUT).join("");
    if (this.notifications === "on") this.#show(`customer ${id}`, name, short, () => this.#open(id));
  }

  /** Returns whether there was a sound. */
  #play() {
    if (this.#audio.state !== "running") return false;
    this.#soundedAt = Date.now();
    TONES.forEach((hertz, index) => {
      const start = this.#audio.currentTime + index * 0.16;
      const tone = new OscillatorNode(this.#audio, { frequency: hertz });
      const volume = new GainNode(this.#audio, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.2, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(start);
      tone.stop(start + 0.32);
    });
    return true;
  }

  /** Returns whether the browser took it: some throw though they have the permission. */
  #show(tag, title, body, onClick) {
    try {
      const notification = new Notification(title, { tag, body, renotify: true });
      notification.addEventListener("click", () => {
        window.focus();
        notification.close();
        onClick();
      });
      return true;
    } catch {
      return false;
    }
  }

  // Which tab

  get #holder() {
    const holder = this.#desk.store.get("focused-tab");
    return holder && Date.now() - holder.at < TABS ? holder : null; // one that died says nothing any more
  }

  #claim() {
    this.#desk.store.set("focused-tab", { tab: this.#tab, at: Date.now() });
  }

  #wake() {
    if (this.#audio.state === "suspended") this.#audio.resume();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
