import { speak, t } from "./texts.js";

// The page speaks and looks as its widget does.
document.addEventListener("settings", async ({ detail: { language, theme } }) => {
  document.documentElement.dataset.theme = theme;
  speak(language, (await import(`./texts/${language}.js`)).default);
  document.documentElement.lang = language;
  document.title = t("page_title");
  document.querySelector("h1").textContent = t("page_heading");
  document.querySelector("main p").textContent = t("page_words");
});
