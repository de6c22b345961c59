import { t } from "../texts.js";

const SIZE = 32;

/** Count what waits in the tab's title and icon: "(3) Desk"; "(!) Desk" without a connection. */
export function showBadge(count, isOffline) {
  const mark = isOffline ? "!" : count > 9 ? "9+" : count ? `${count}` : "";
  const title = `${isOffline ? "(!) " : count ? `(${count}) ` : ""}${t("desk")}`;
  if (document.title !== title) document.title = title;
  const link = document.querySelector("link[rel=icon]");
  if (link.dataset.mark === mark) return;
  link.dataset.mark = mark;
  link.dataset.plain ??= link.href;
  link.href = mark ? draw(mark, isOffline ? "#566070" : "#b3261e") : link.dataset.plain;
}

function draw(mark, color) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const context = canvas.getContext("2d");
  context.fillStyle = color;
  context.beginPath();
  context.arc(SIZE / 2, SIZE / 2, SIZE / 2, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#ffffff";
  context.font = `bold ${mark.length > 1 ? 18 : 24}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(mark, SIZE / 2, SIZE / 2 + 2);
  return canvas.toDataURL();
}
