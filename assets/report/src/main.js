// What moves in the page: the theme, the charts, the flame graph. Everything else stands in the page already.
import "uplot/dist/uPlot.min.css";
import { drawCharts } from "./charts.js";
import { drawFlames } from "./flame.js";
import { themeButton } from "./theme.js";
import "./report.css";

const data = JSON.parse(document.getElementById("data").textContent);
const redrawCharts = drawCharts(data.timeline);
drawFlames(data.flames, data.operation);
themeButton(document.getElementById("theme"), redrawCharts);
