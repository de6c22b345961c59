/**
 * An element. Attributes that start with "on" are listeners, true is an attribute without a value, and false, null and
 * undefined are none, also among the children.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== false && child != null));
  return element;
}

/** What `icon` draws, by name, on 24 x 24. */
export const SHAPES = {
  chat: "M4 4h16v12H9l-5 4z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12l16-8-6 16-3-6z",
  menu: "M4 7h16M4 12h16M4 17h16",
  down: "M12 5v14M6 13l6 6 6-6",
  sent: "M5 13l4 4L19 7",
  read: "M2 13l4 4L16 7M12 16l1 1L22 8",
  clock: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l3 2",
  alert: "M12 3l10 18H2zM12 10v5M12 18v.5",
  out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
};

/** A drawing beside words: it has no name of its own. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** The element that has the focus in the page or the shadow root that `node` stands in. */
export function focused(node) {
  return node.getRootNode().activeElement ?? null;
}

const LINK = /https?:\/\/[^\s<>"'`]+/giu;
const AFTER_LINK = /[.,:;!?…»”’)\]}]+$/u;

/** A message's text as nodes: text as it was typed, and links to http and https alone. */
export function linked(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    let address = match[0].replace(AFTER_LINK, "");
    if (match[0][address.length] === ")" && address.includes("(")) address += ")"; // as in an encyclopedia's addresses
    if (!URL.canParse(address)) continue;
    nodes.push(text.slice(end, match.index));
    nodes.push(h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address));
    end = match.index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/** Call at most once in a while: at once where it was quiet, else at the end of the pause. */
export function throttled(milliseconds, call) {
  let timer = null;
  let again = false;
  return function run() {
    if (timer !== null) {
      again = true;
      return;
    }
    timer = setTimeout(() => {
      timer = null;
      if (again) run();
    }, milliseconds);
    again = false;
    call();
  };
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
