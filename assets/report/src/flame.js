// The flame graph and its controls.
import { select } from "d3-selection";
import flamegraph from "d3-flame-graph";
import { percent, writerOf } from "./quantity.js";
import { keyboard } from "./keyboard.js";
import { ALL, cohortsOf, operationsOf, phasesOf, treeOf } from "./stacks.js";

const CELL = 20;
const element = (id) => document.getElementById(id);
const still = matchMedia("(prefers-reduced-motion: reduce)");

// Draws the first one, of `operation` where it has that, and another one when another is chosen.
export function drawFlames(flames, operation) {
  if (flames.length === 0) return;
  element("flame-graph").hidden = false;
  const values = flames.flatMap((flame) => flame.kinds.map((kind, at) => ({ flame, kind, at })));
  offer("flame-value", values.map(({ kind }, at) => ({ value: String(at), name: kind.name })));
  const chosenValue = () => values[Number(element("flame-value").value)] ?? values[0];
  const offers = ({ flame }) => ({
    "flame-operation": operationsOf(flame),
    "flame-phase": phasesOf(flame),
    "flame-cohort": cohortsOf(flame),
    "flame-against": [{ value: ALL, name: "nothing" }, ...cohortsOf(flame)],
  });
  let graph = null;
  let offered = {};
  const draw = () => {
    graph?.destroy();
    graph = drawOne(chosenValue(), choice(offered));
  };
  const newValue = () => {
    offered = offers(chosenValue());
    Object.entries(offered).forEach(([id, options]) => offer(id, options));
    draw();
  };
  element("flame-controls").addEventListener("submit", (event) => event.preventDefault());
  element("flame-value").addEventListener("change", newValue);
  Object.keys(offers(values[0])).forEach((id) => element(id).addEventListener("change", draw));
  element("flame-search").addEventListener("input", () => graph.find());
  element("flame-reset").addEventListener("click", () => graph.whole());
  let width = element("flame-chart").clientWidth;
  new ResizeObserver(([entry]) => {
    if (graph && Math.abs(entry.contentRect.width - width) > 1) graph.resize();
    width = entry.contentRect.width;
  }).observe(element("flame-chart"));
  offer("flame-operation", [{ value: `=${operation}`, name: "" }]);
  newValue();
}

// Fills a list with options, keeping what was chosen where it is still there.
function offer(id, options) {
  const list = element(id);
  const before = list.value;
  list.replaceChildren(...options.map(({ value, name }) => new Option(name, value)));
  list.value = options.some(({ value }) => value === before) ? before : options[0].value;
  list.disabled = options.length < 2;
}

// What the lists say: the test of a key, and of what it is compared with.
function choice(offered) {
  const chosen = (id) => offered[id].find(({ value }) => value === element(id).value);
  const [operation, phase, cohort] = ["flame-operation", "flame-phase", "flame-cohort"].map(chosen);
  const within = (key) => operation.test(key) && phase.test(key);
  const against = chosen("flame-against");
  return {
    passes: (key) => within(key) && cohort.test(key),
    against: against.test && ((key) => within(key) && against.test(key)),
    name: [
      operation.value === ALL ? "" : ` of ${operation.name}`,
      phase.value === ALL ? "" : ` in phase ${phase.name}`,
      cohort.value === ALL ? "" : `, ${cohort.name}`,
    ].join(""),
    other: against.name,
  };
}

function drawOne({ flame, kind, at }, { passes, against, name, other }) {
  const place = element("flame-chart");
  place.replaceChildren();
  const write = writerOf(kind.unit);
  const { root, compared } = treeOf(flame, at, passes, against);
  const told = element("flame-told");
  const describe = ({ data }) => {
    const share = `${percent(data.value / (root.value || 1))} of ${write(root.value)}`;
    const more = against ? `; ${signed(data.delta)} points against ${other}` : "";
    return `${data.name}: ${write(data.value)}, ${share}${more}`;
  };
  const tell = (frame) => {
    element("flame-frame").textContent = frame ? describe(frame) : "";
  };
  if (root.value <= 0) {
    told.textContent = "Nothing was measured for this choice.";
    return { destroy() {}, find() {}, whole() {}, resize() {} };
  }
  const scale = largestDelta(root);
  const width = () => Math.max(place.clientWidth, 200);
  const graph = flamegraph()
    .width(width())
    .cellHeight(CELL)
    .minFrameSize(2)
    .resetHeightOnZoom(true)
    .inverted(true)
    .sort((a, b) => b.value - a.value)
    .transitionDuration(0)
    .setLabelHandler(describe)
    .setSearchMatch((frame, term) => frame.parent !== null && matches(frame.data, term))
    .setSearchHandler(() => {
      const found = foundIn(root, element("flame-search").value.trim()) / root.value;
      told.textContent = `${percent(found)} of the whole in functions that match, with what they called.`;
    })
    .setColorMapper((frame) => colourOf(frame, against ? scale : 0))
    .onHover(tell)
    .onClick((frame) => {
      keys.at(frame);
      tell(frame);
    });
  select(place).datum(root).call(graph);
  graph.transitionDuration(still.matches ? 0 : 180);
  const keys = keyboard(place, tell, () => graph.resetZoom(), (frame) => graph.zoomTo(frame));
  const usual = () => {
    const whole = `${kind.name}${name}: ${write(root.value)}.`;
    told.textContent = against
      ? `${whole} Red takes a larger share there than in “${other}” (${write(compared)}), blue a smaller one.`
      : whole;
  };
  const find = () => {
    const term = element("flame-search").value.trim();
    if (term) {
      graph.search(term);
    } else {
      graph.clear();
      usual();
    }
  };
  usual();
  if (element("flame-search").value.trim()) find();
  return {
    find,
    whole: () => graph.resetZoom(),
    resize: () => graph.width(width()).update(),
    destroy() {
      keys.stop();
      place.replaceChildren();
    },
  };
}

const matches = ({ name }, term) => name.toLowerCase().includes(term.toLowerCase());

// What functions took that match, with what they called: of the whole, also where the graph is zoomed.
function foundIn(root, term) {
  let found = 0;
  // The root is no function.
  const stack = [...root.children];
  while (stack.length > 0) {
    const frame = stack.pop();
    if (matches(frame, term)) found += frame.value;
    else stack.push(...frame.children);
  }
  return found;
}

const signed = (delta) => `${delta < 0 ? "−" : "+"}${Math.abs(delta * 100).toFixed(2)}`;

function largestDelta(root) {
  let largest = 0;
  const stack = [root];
  while (stack.length > 0) {
    const { delta, children } = stack.pop();
    largest = Math.max(largest, Math.abs(delta));
    stack.push(...children);
  }
  return largest || 1;
}

// Found: violet. Compared: red where there is more, blue where there is less. Else warm, the same for the same name.
function colourOf({ highlight, data }, scale) {
  if (highlight) return "#d8b4fe";
  if (scale > 0) {
    const strength = Math.min(1, Math.abs(data.delta) / scale);
    return `hsl(${data.delta < 0 ? 210 : 8} ${20 + 70 * strength}% ${92 - 24 * strength}%)`;
  }
  let hash = 7;
  for (const character of data.name) hash = (hash * 31 + character.codePointAt(0)) % 9973;
  return `hsl(${18 + (hash % 34)} ${70 + (hash % 20)}% ${70 + (hash % 13)}%)`;
}
