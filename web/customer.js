import { speak, t } from "./texts.js";
import { en } from "./texts/en.js";
import { ru } from "./texts/ru.js";

const TEXTS = { en, ru };

// The page speaks and looks as its widget does.
document.addEventListener("settings", ({ detail: { language, theme } }) => {
  document.documentElement.dataset.theme = theme;
  speak(language, TEXTS[language]);
  document.documentElement.lang = language;
  document.title = t("page_title");
  document.querySelector("h1").textContent = t("page_heading");
  document.querySelector("main p").textContent = t("page_words");
});
