import { h } from "../dom.js";
import { t } from "../texts.js";

/**
 * Links past what a keyboard would have to walk through.
 *
 * @param {object} places by name, such as "queue", what gives it the focus.
 */
export function makeSkipLinks(places) {
  const links = Object.entries(places).map(([name, focus]) => {
    const go = (event) => {
      event.preventDefault();
      focus();
    };
    return h("a", { href: `#${name}`, onclick: go }, t(`skip_${name}`));
  });
  return h("div", { class: "skip" }, ...links);
}
