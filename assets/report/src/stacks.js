// The stacks of a profile: what can be chosen, and the tree of a choice. See src/export/html/flame.rs for the layout.

// What can be chosen beside the value: each with the test of a key that it stands for.
export const ALL = "";
export const OUTSIDE = "\u0000outside";
const COHORTS = [
  ["above_p50", "slower than the median"],
  ["above_p90", "slower than p90"],
  ["above_p99", "slower than p99"],
  ["over_max_response_time", "slower than max_response_time_ms"],
];

const option = (value, name, test) => ({ value, name, test });
const distinct = (values) => [...new Set(values)].filter((value) => value != null);

export function operationsOf(flame) {
  const named = distinct(flame.keys.map((key) => key.operation));
  const each = named.map((name) => option(`=${name}`, name, (key) => key.operation === name));
  const outside = option(OUTSIDE, "outside of operations", (key) => key.operation == null);
  return [option(ALL, "everything", () => true), ...each, outside];
}

export function phasesOf(flame) {
  const named = distinct(flame.keys.map((key) => key.phase));
  const each = named.map((name) => option(`=${name}`, name, (key) => key.phase === name));
  return [option(ALL, "all", () => true), ...each];
}

export function cohortsOf(flame) {
  const there = new Set(flame.keys.flatMap((key) => key.cohorts));
  const known = COHORTS.filter(([name]) => there.has(name));
  const slow = known.map(([value, name]) => option(value, name, (key) => key.cohorts.includes(value)));
  const rest = option("rest", "p99 or faster", (key) => key.operation != null && !key.cohorts.includes("above_p99"));
  return [option(ALL, "all", () => true), ...slow, ...(there.has("above_p99") ? [rest] : [])];
}

// The sums of one kind over the keys that pass, with what each node called: one number for each node, and all of it.
function sums(flame, kind, passes) {
  const chosen = flame.keys.map(passes);
  const own = new Float64Array(flame.node_names.length);
  const values = flame.values[kind];
  let total = 0;
  for (let at = 0; at < values.length; at += 1) {
    if (chosen[flame.keyed[at]]) {
      own[flame.nodes[at]] += values[at];
      total += values[at];
    }
  }
  for (let node = own.length - 1; node >= 0; node -= 1) {
    const caller = flame.node_callers[node];
    if (caller !== node) own[caller] += own[node];
  }
  return { own, total };
}

// The tree of what passes. Where `against` is given, each node has the share that it has more than there.
export function treeOf(flame, kind, passes, against) {
  const { own, total } = sums(flame, kind, passes);
  const other = against && sums(flame, kind, against);
  const root = { name: "all", value: total, children: [], delta: 0 };
  const made = new Array(own.length);
  for (let node = 0; node < own.length; node += 1) {
    if (own[node] <= 0) continue;
    const delta = other ? own[node] / total - other.own[node] / (other.total || 1) : 0;
    made[node] = { name: flame.names[flame.node_names[node]], value: own[node], children: [], delta };
    const caller = flame.node_callers[node];
    (caller === node ? root : made[caller]).children.push(made[node]);
  }
  return { root: belowTheCommon(root), compared: other?.total ?? 0 };
}

// Without the frames that all stacks have in common, which only push the others down: their number stands in the first.
function belowTheCommon(root) {
  let top = root;
  let skipped = -1;
  while (top.children.length === 1 && top.children[0].value === root.value && top.children[0].children.length > 0) {
    top = top.children[0];
    skipped += 1;
  }
  if (skipped < 1) return root;
  return { ...root, name: `all (${skipped} callers in common)`, children: [top] };
}
