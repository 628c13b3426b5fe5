// What moves in the page: the theme, the charts, the flame graph. Everything else stands in the page already.
import "uplot/dist/uPlot.min.css";
import { drawCharts } from "./charts.js";
import { drawFlames } from "./flame.js";
import { onPaper, themeButton } from "./theme.js";
import "./report.css";

// One that fails says so in the console, and the others go on.
const attempt = (part) => {
  try {
    part();
  } catch (error) {
    reportError(error);
  }
};

const data = JSON.parse(document.getElementById("data").textContent);
let redraw = () => {};
const changed = () => attempt(redraw);
attempt(() => {
  redraw = drawCharts(data.timeline);
});
attempt(() => drawFlames(data.flames, data.operation));
attempt(() => themeButton(document.getElementById("theme"), changed));
attempt(() => onPaper(changed));
