import { SHAPES } from "../dom.js";

/** What only the console draws. */
Object.assign(SHAPES, {
  back: "M15 5l-7 7 7 7",
  search: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L21 21",
  bell: "M6 17V11a6 6 0 0112 0v6l2 2H4zM10 21h4",
  theme: "M12 3a9 9 0 100 18zM12 3a9 9 0 010 18",
  help: "M9 9a3 3 0 114 3c-1 .5-1 1-1 2M12 17.5v.5M12 2.5a9.5 9.5 0 100 19 9.5 9.5 0 000-19z",
  details: "M4 5h16v14H4zM14 5v14",
  reply: "M4 5h16M4 10h16M4 15h9M17 15v6M14 18h6",
});
