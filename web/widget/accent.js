const BACKGROUNDS = { light: ["#ffffff", "#f4f5f7"], dark: ["#14171c", "#1b1f26"] }; // of look.css
const LEAST = 3; // contrast of a control

/** Fill the accented controls below an element with a colour: any that CSS knows, without transparency. */
export function paint(element, color) {
  const accent = toHex(color);
  if (!accent) return;
  const ink = contrast(accent, "#000000") > contrast(accent, "#ffffff") ? "#000000" : "#ffffff";
  const edge = (theme) => (BACKGROUNDS[theme].some((back) => contrast(accent, back) < LEAST) ? "var(--edge)" : accent);
  element.style.setProperty("--brand", accent);
  element.style.setProperty("--on-brand", ink);
  element.style.setProperty("--brand-edge", `light-dark(${edge("light")}, ${edge("dark")})`);
}

function toHex(color) {
  if (!color || !CSS.supports("color", color)) return null;
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = color;
  if (/^#[\da-f]{6}$/.test(context.fillStyle)) return context.fillStyle;
  context.fillRect(0, 0, 1, 1); // what is drawn is sRGB, whatever it is written in
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}` : null;
}

/** As WCAG defines it, 1 to 21. */
function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex) {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
