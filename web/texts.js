/** The page's words, in the reader's language, and times in the reader's zone. */

export const LANGUAGES = { en: "English", ru: "Русский" };

const DAY = 86_400_000;

let table = {};
let locale = "en";
let plural = new Intl.PluralRules("en");

/** The language to speak: the wanted one if it is ours, else the browser's first that is, else English. */
export function chooseLanguage(wanted) {
  const candidates = [wanted, ...navigator.languages].map((tag) => tag?.slice(0, 2).toLowerCase());
  return candidates.find((tag) => tag in LANGUAGES) ?? "en";
}

/** Speak a language from now on, with the words of its table. */
export function speak(language, words) {
  table = words;
  locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
  plural = new Intl.PluralRules(language);
}

/** A text of the table. `{name}` in it is a value; where it has forms, `n` chooses. */
export function t(name, values = {}) {
  const entry = table[name] ?? name;
  const text = typeof entry === "string" ? entry : (entry[plural.select(values.n)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** "14:05". */
export function showTime(seconds) {
  return format({ hour: "numeric", minute: "2-digit" }, seconds);
}

/** "24 November 2026, 14:05:09". */
export function showFullTime(seconds) {
  return format({ dateStyle: "long", timeStyle: "medium" }, seconds);
}

/** "14:05" on the same day, else "24 Nov". */
export function showShortTime(seconds) {
  return dayKey(seconds) === dayKey(Date.now() / 1000)
    ? showTime(seconds)
    : format({ day: "numeric", month: "short" }, seconds);
}

/** "Today", "Yesterday", "Friday, 20 November", with the year where it is another. */
export function showDay(seconds) {
  if (dayKey(seconds) === dayKey(Date.now() / 1000)) return t("today");
  if (dayKey(seconds) === dayKey((Date.now() - DAY) / 1000)) return t("yesterday");
  const year = new Date(seconds * 1000).getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return format({ weekday: "long", day: "numeric", month: "long", year }, seconds);
}

const days = new Map(); // quarter of an hour → its day; no zone's day begins within one

/** The same for all times of one day in the reader's zone. */
export function dayKey(seconds) {
  const quarter = Math.floor(seconds / 900);
  if (!days.has(quarter)) days.set(quarter, new Date(seconds * 1000).toDateString());
  return days.get(quarter);
}

const formats = new Map();

function format(options, seconds) {
  const key = locale + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, options));
  return formats.get(key).format(seconds * 1000);
}
