import { t } from "./texts.js";

// The page speaks and looks as its widget does, which shares the texts with it.
document.addEventListener("settings", ({ detail: { language, theme } }) => {
  document.documentElement.lang = language;
  document.documentElement.dataset.theme = theme;
  document.title = t("page_title");
  document.querySelector("h1").textContent = t("page_heading");
  document.querySelector("main p").textContent = t("page_words");
});
