// What a user of the page would notice, in Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { altered, hostile, open, real } from "./browser.mjs";
import { grave, start, stop } from "./chromium.mjs";

const [main] = real;
// The sample's graph has too few frames to walk in.
const ofRun = { skip: main !== "bench.html" && "needs the page of a run: scripts/check-page DIRECTORY" };

before(start);
after(stop);

// Runs `check` on an open page, and demands that the page was silent and asked for nothing.
async function quietly(name, options, check) {
  const { page, noise, close } = await open(name, options);
  try {
    await check(page);
    assert.deepEqual(noise, []);
  } finally {
    await close();
  }
}

const frames = (page) => page.locator("#flame-chart g.frame");
const choose = (page, id, label) => page.locator(`#${id}`).selectOption({ label });
const told = (page) => page.locator("#flame-told").textContent();
const widthOf = (page, scheme) => page.evaluate(scheme);

for (const name of real) {
  test(`${name} opens silently, with its charts and its flame graph`, () =>
    quietly(name, {}, async (page) => {
      assert.equal(await page.locator(".chart canvas").count(), 4);
      if (name !== "sweep.html") assert.ok((await frames(page).count()) > 1);
      assert.equal(await page.locator("main section").count(), await page.locator("nav a").count());
    }));

  test(`${name} has no serious accessibility findings, light and dark`, async () => {
    for (const scheme of ["light", "dark"]) {
      await quietly(name, { scheme }, async (page) => assert.deepEqual(await grave(page), [], scheme));
    }
  });

  for (const width of [390, 768, 1280]) {
    test(`${name} needs no sideways scrolling at ${width} px`, () =>
      quietly(name, { width }, async (page) => {
        assert.equal(await widthOf(page, "document.documentElement.scrollWidth"), width);
      }));
  }
}

test("a click zooms the flame graph, and the button shows the whole again", ofRun, () =>
  quietly(main, {}, async (page) => {
    const widths = () => frames(page).evaluateAll((all) => all.map((it) => it.getBoundingClientRect().width));
    const inOrder = (all) => all.map(Math.round).sort((a, b) => a - b);
    const before = await widths();
    const narrow = before.findIndex((width) => width > 4 && width < Math.max(...before) * 0.9);
    assert.ok(narrow > 0, "a frame that does not fill the graph");
    const chosen = await frames(page).nth(narrow).getAttribute("name");
    await frames(page).nth(narrow).dispatchEvent("click");
    await page.waitForTimeout(300);
    const zoomed = await frames(page).evaluateAll(
      (all, name) => Math.max(...all.filter((it) => it.getAttribute("name") === name).map((it) => it.getBoundingClientRect().width)),
      chosen,
    );
    assert.ok(zoomed > before[narrow] * 1.05, `${chosen}: ${before[narrow]} px, then ${zoomed}`);
    await page.locator("#flame-reset").click();
    await page.waitForTimeout(300);
    assert.deepEqual(inOrder(await widths()), inOrder(before));
  }));

test("the flame graph is walked by keyboard", ofRun, () =>
  quietly(main, {}, async (page) => {
    await page.locator("#flame-chart").focus();
    await page.keyboard.press("ArrowDown");
    const first = await page.locator("#flame-frame").textContent();
    await page.keyboard.press("ArrowDown");
    const second = await page.locator("#flame-frame").textContent();
    assert.notEqual(first, second);
    assert.equal(await page.locator("g.frame.current").count(), 1);
    // To one that does not fill the graph, so that a zoom is seen.
    const whole = await page.locator("#flame-chart").evaluate((it) => it.clientWidth);
    const current = () => page.locator("g.frame.current").evaluate((it) => it.getBoundingClientRect().width);
    for (let step = 0; step < 40 && (await current()) > whole * 0.95; step += 1) await page.keyboard.press("ArrowDown");
    const before = await current();
    assert.ok(before <= whole * 0.95, `${before} of ${whole} px`);
    await page.keyboard.press("Enter");
    await page.waitForTimeout(300);
    assert.ok((await current()) > whole * 0.95, `zoomed: ${await current()} of ${whole} px`);
    assert.ok((await faded(page)) > 0);
    await page.keyboard.press("Escape");
    await page.waitForTimeout(300);
    assert.equal(await faded(page), 0);
  }));

// Zooms to a frame that does not fill the graph; how many frames are faded then: its callers.
async function zoomIn(page) {
  const widths = await frames(page).evaluateAll((all) => all.map((it) => it.getBoundingClientRect().width));
  const narrow = widths.findIndex((width) => width > 20 && width < Math.max(...widths) * 0.9);
  await frames(page).nth(narrow).dispatchEvent("click");
  await page.waitForTimeout(300);
  const callers = await faded(page);
  assert.ok(callers > 0, "callers of what is zoomed to are faded");
  return callers;
}
const faded = (page) => page.locator("#flame-chart g.frame.fade").count();

test("another width of the window keeps the zoom", () =>
  quietly(main, {}, async (page) => {
    const callers = await zoomIn(page);
    await page.setViewportSize({ width: 900, height: 900 });
    await page.waitForTimeout(400);
    assert.equal(await faded(page), callers);
    const width = (selector) => page.locator(selector).evaluate((it) => Math.round(it.getBoundingClientRect().width));
    assert.equal(await width("#flame-chart svg"), await width("#flame-chart"));
  }));

test("a search while zoomed is of the whole", () =>
  quietly(main, {}, async (page) => {
    const name = await frames(page).nth(1).getAttribute("name");
    const share = async () => {
      await page.locator("#flame-search").fill("");
      await page.locator("#flame-search").fill(name.slice(0, 12));
      return told(page);
    };
    const before = await share();
    await zoomIn(page);
    assert.equal(await share(), before);
  }));

test("search finds functions and says how much is theirs", ofRun, () =>
  quietly(main, {}, async (page) => {
    const found = () => frames(page).evaluateAll((all) => all.filter((it) => it.__data__.highlight).length);
    const name = await frames(page).nth(1).getAttribute("name");
    await page.locator("#flame-search").fill(name.slice(0, 12).toUpperCase());
    assert.ok((await found()) > 0);
    assert.match(await told(page), /% of the whole in functions that match/);
    await page.locator("#flame-search").fill("(no such [function");
    assert.equal(await found(), 0);
    // The first frame stands for all: what it is called is no function.
    await page.locator("#flame-search").fill("all");
    const root = await frames(page).first().evaluate((it) => it.__data__);
    assert.match(root.data.name, /^all/);
    assert.equal(root.highlight, false);
    await page.locator("#flame-search").fill("");
    assert.doesNotMatch(await told(page), /match/);
  }));

test("another cohort, value or comparison changes the graph", ofRun, () =>
  quietly(main, {}, async (page) => {
    const all = await told(page);
    await choose(page, "flame-cohort", "slower than p99");
    const slow = await told(page);
    assert.notEqual(slow, all);
    const colours = () => frames(page).locator("rect").evaluateAll((rects) => rects.map((it) => it.getAttribute("fill")));
    const plain = await colours();
    await choose(page, "flame-against", "p99 or faster");
    assert.match(await told(page), /Red takes a larger share/);
    assert.notDeepEqual(await colours(), plain);
    await choose(page, "flame-value", "bytes allocated");
    assert.match(await told(page), /bytes allocated.*B/);
  }));

test("the button switches between light and dark", () =>
  quietly(main, {}, async (page) => {
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await page.locator("#theme").click();
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.locator("#theme").click();
    assert.equal(await ground(), light);
    assert.equal(await page.locator(".chart canvas").count(), 4);
  }));

test("paper is light and unfolded, whatever the button says", () =>
  quietly(main, {}, async (page) => {
    const ink = () => page.evaluate("getComputedStyle(document.body).color");
    const folded = () => page.locator("details:not([open])").count();
    const chart = () => page.evaluate("document.querySelector('.chart canvas').toDataURL()");
    const [light, drawn] = [await ink(), await chart()];
    await page.locator("#theme").click();
    const dark = await chart();
    assert.notEqual(await ink(), light);
    assert.notEqual(dark, drawn);
    const before = await folded();
    assert.ok(before > 0, "something is folded");
    await page.emulateMedia({ media: "print" });
    assert.equal(await ink(), light);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    assert.equal(await folded(), 0);
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "light");
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    await page.emulateMedia({ media: "screen" });
    assert.equal(await folded(), before);
    assert.notEqual(await ink(), light);
  }));

test("a part that fails does not take the others with it", async () => {
  const name = altered(main, (data) => ({ ...data, timeline: null }));
  const { page, noise, close } = await open(name);
  assert.equal(noise.length, 1, noise.join());
  assert.ok((await frames(page).count()) > 1);
  await page.locator("#theme").click();
  assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "dark");
  await close();
});

test("a line of 200,000 points is drawn", () =>
  quietly(
    altered(main, ({ timeline, ...data }) => {
      const times = Array.from({ length: 200_000 }, (_, at) => at);
      const lines = [{ name: "long", values: times }];
      const charts = timeline.charts.map((chart) => ({ ...chart, lines }));
      return { ...data, timeline: { ...timeline, times, charts } };
    }),
    {},
    async (page) => assert.equal(await page.locator(".chart canvas").count(), 4),
  ));

test("without scripts the verdicts, the tables and the drawing are there", () =>
  quietly(main, { scripts: false }, async (page) => {
    assert.ok(await page.locator(".judgement").isVisible());
    assert.ok(await page.locator("svg.drawing").first().isVisible());
    assert.ok((await page.locator("table").count()) > 5);
    assert.ok(await page.locator("noscript").first().isVisible());
    assert.ok(!(await page.locator("#flame-graph").isVisible()));
  }));

test("it prints", () =>
  quietly(main, {}, async (page) => {
    const pdf = await page.pdf({ format: "A4" });
    assert.ok(pdf.length > 10_000);
  }));

test("it says when it was interactive", () =>
  quietly(main, {}, async (page) => {
    const taken = await page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd");
    console.log(`${main}: interactive after ${Math.round(taken)} ms`);
    assert.ok(taken > 0 && taken < 10_000, `${taken} ms`);
  }));

test("there are hostile pages", () => assert.equal(hostile.length, 6));

for (const name of hostile) {
  test(`${name} executes nothing`, () =>
    quietly(name, { width: 390 }, async (page) => {
      // Everything that may be touched is touched.
      for (const id of ["flame-operation", "flame-phase", "flame-cohort", "flame-against", "flame-value"]) {
        const values = await page.locator(`#${id} option`).evaluateAll((options) => options.map((it) => it.value));
        for (const value of values) {
          if (await page.locator(`#${id}`).isEnabled()) await page.locator(`#${id}`).selectOption(value);
        }
      }
      for (const at of [0, 1, 2]) {
        const frame = frames(page).nth(at);
        if ((await frame.count()) === 0) break;
        await frame.dispatchEvent("mouseover");
        await frame.dispatchEvent("click");
      }
      for (const summary of await page.locator("summary").all()) await summary.click();
      await page.locator("#theme").click();
      await page.waitForTimeout(300);
      assert.equal(await page.evaluate("window.hacked"), undefined);
      assert.equal(await widthOf(page, "document.documentElement.scrollWidth"), 390);
    }));
}
