// The charts over time, with the phases marked; their cursors move together.
import uPlot from "uplot";
import { writerOf } from "./quantity.js";
import { colour } from "./theme.js";

const HEIGHT = 210;
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [1, 4], [12, 4], [4, 2], [8, 2, 2, 2]];

// Draws them; what is returned draws them again, in the colours of the moment.
export function drawCharts(timeline) {
  let drawn = [];
  const draw = () => {
    drawn.forEach((chart) => chart.destroy());
    drawn = timeline.charts.map((chart) => drawChart(chart, timeline));
  };
  const resized = new ResizeObserver(() => {
    drawn.forEach((chart) => {
      const width = chart.root.parentElement.clientWidth;
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: HEIGHT });
    });
  });
  timeline.charts.forEach((chart) => resized.observe(document.getElementById(chart.id)));
  return draw;
}

function drawChart(chart, timeline) {
  const place = document.getElementById(chart.id);
  const write = writerOf(chart.unit);
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const steps = chart.unit === "bytes" ? { incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) } : {};
  const lines = chart.lines.map((line, at) => ({
    label: line.name,
    stroke: colour(`--line-${(at % 5) + 1}`),
    width: 1.8,
    dash: DASHES[at % DASHES.length],
    points: { show: false },
    value: (_, value) => (value == null ? "–" : write(value)),
  }));
  // Not spread: a long line has more values than a call may have arguments.
  const most = chart.lines.flatMap((line) => line.values).reduce((most, value) => Math.max(most, value), chart.limit ?? 0);
  const drawn = new uPlot(
    {
      width: place.clientWidth || 600,
      height: HEIGHT,
      cursor: { sync: { key: "time" }, points: { size: 6 } },
      padding: [32, 8, null, null],
      legend: { live: true },
      scales: { x: { time: false }, y: { range: [0, most * 1.05 || 1] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`), size: 30 },
        { ...axis, ...steps, values: (_, ticks) => ticks.map((tick) => (tick === 0 ? "0" : write(tick))), size: 74 },
      ],
      series: [{ label: "at", value: (_, at) => (at == null ? "–" : `${at.toFixed(2)} s`) }, ...lines],
      hooks: { drawClear: [(plot) => markPhases(plot, timeline.phases)], draw: [(plot) => markLimit(plot, chart)] },
    },
    [timeline.times, ...chart.lines.map((line) => line.values)],
    place,
  );
  drawn.ctx.canvas.setAttribute("role", "img");
  drawn.ctx.canvas.setAttribute("aria-label", place.previousElementSibling.textContent);
  return drawn;
}

// A line where each phase starts and its name beside it; the judged one is tinted.
function markPhases(plot, phases) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  const height = 13 * devicePixelRatio;
  // Above the lines; a name that would meet another goes one up, and where that is taken, too, away.
  const free = [-Infinity, -Infinity];
  for (const { name, start, end, steady } of phases) {
    const from = Math.max(plot.valToPos(start, "x", true), bbox.left);
    const to = Math.min(plot.valToPos(end, "x", true), bbox.left + bbox.width);
    if (steady && to > from) {
      ctx.fillStyle = colour("--tint");
      ctx.fillRect(from, bbox.top, to - from, bbox.height);
    }
    ctx.fillStyle = colour("--rule");
    ctx.fillRect(from, bbox.top - height, devicePixelRatio, bbox.height + height);
    const text = name.length > 20 ? `${name.slice(0, 19)}…` : name;
    const width = ctx.measureText(text).width;
    const room = bbox.left + bbox.width - from;
    const at = width + 8 <= room ? from + 4 * devicePixelRatio : from - width - 4 * devicePixelRatio;
    const line = free.findIndex((end) => at > end);
    if (line >= 0) {
      ctx.fillStyle = colour("--quiet");
      ctx.fillText(text, at, bbox.top - (line + 1) * height);
      free[line] = at + width + 6;
    }
  }
  ctx.restore();
}

// A bound, where the chart has one: the CPUs that there are.
function markLimit(plot, { limit }) {
  if (limit == null) return;
  const { ctx, bbox } = plot;
  const y = plot.valToPos(limit, "y", true);
  ctx.save();
  ctx.strokeStyle = colour("--rule");
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
