// What a user of `vecperf dash` would notice, in Chromium, with a program that ends and comes back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { spawn } from "node:child_process";
import { blank, grave, start, stop } from "./chromium.mjs";

// The page's address, the watched program's id, and how it is started: scripts/check-dash sets them.
const { DASH, PROGRAM, LIVE, SOCKET } = process.env;
let again;

before(start);
after(stop);
after(() => again?.kill("SIGKILL"));

const says = (page, text) => page.locator("#heard", { hasText: text }).waitFor();
const names = (page) => page.locator("#rows td:first-child").allTextContents();
const title = (page, name) => page.locator("#titles th", { hasText: name }).first();
const order = (page, name) => title(page, name).getAttribute("aria-sort");
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
// Until the row of this operation has a rate that is not 0.
const goesOn = (page, operation) =>
  page
    .locator("#rows tr")
    .filter({ has: page.locator("td:first-child", { hasText: operation }) })
    .locator("td:nth-child(2)", { hasText: /^(?!0\/s).+\/s$/ })
    .waitFor();
// Until the page has heard of the program this many times more.
const hear = (page, times) =>
  page.evaluate(
    (left) => new Promise((done) => source.addEventListener("seen", () => (left -= 1) || done())),
    times,
  );

// Runs `check` on the page once it shows the program, and demands that it was silent and asked its own server only.
async function quietly(options, check) {
  const { page, noise, close } = await blank((url) => new URL(url).origin === new URL(DASH).origin, options);
  try {
    await page.goto(DASH);
    await says(page, "live");
    await goesOn(page, "search");
    await goesOn(page, "insert");
    await check(page);
    assert.deepEqual(noise, []);
  } finally {
    await close();
  }
}

// Takes a profile, and waits for its table.
async function profile(page) {
  await press(page, "Take a CPU profile of 5 s");
  await page.locator("#functions tr").first().waitFor({ timeout: 60_000 });
}

test("the operations, the CPU and the memory are shown", () =>
  quietly({}, async (page) => {
    assert.deepEqual((await names(page)).sort(), ["insert", "search"]);
    assert.match(await page.locator("#program").textContent(), /live/);
    assert.match(await page.locator("#cpu").textContent(), /^[\d.]+ % = [\d.]+ of [\d.]+ cores$/);
    assert.match(await page.locator("#memory").textContent(), /^[\d.]+ [KMG]iB \+ files [\d.]+ [KMG]iB$/);
    await page.locator("#parts", { hasText: /^of it vectors [\d.]+ [KM]iB$/ }).waitFor();
    assert.equal(await page.locator(".card polyline").count(), 2);
    assert.match(await page.locator("#verdicts").textContent(), /max_response_time/);
  }));

test("a column's title sorts by it, and the other way round", () =>
  quietly({}, async (page) => {
    assert.equal(await order(page, "rate"), "descending");
    assert.deepEqual(await names(page), ["search", "insert"]);
    await press(page, "operation");
    assert.deepEqual([await order(page, "rate"), await order(page, "operation")], ["none", "ascending"]);
    assert.deepEqual(await names(page), ["insert", "search"]);
    await press(page, "operation");
    assert.equal(await order(page, "operation"), "descending");
    assert.deepEqual(await names(page), ["search", "insert"]);
    await press(page, "total");
    assert.equal(await order(page, "total"), "descending");
    assert.deepEqual(await names(page), ["search", "insert"]);
    await press(page, "total");
    assert.equal(await order(page, "total"), "ascending");
    assert.deepEqual(await names(page), ["insert", "search"]);
  }));

test("the filter leaves the operations that match", () =>
  quietly({}, async (page) => {
    await page.getByLabel("Filter").fill("INS");
    assert.deepEqual(await names(page), ["insert"]);
    await hear(page, 1);
    assert.deepEqual(await names(page), ["insert"]);
    await page.getByLabel("Filter").fill("no such");
    assert.deepEqual(await names(page), []);
    await page.getByLabel("Filter").fill("");
    assert.deepEqual((await names(page)).sort(), ["insert", "search"]);
  }));

test("stopped, the figures stand still until they go on", () =>
  quietly({}, async (page) => {
    const shown = () => page.locator("#who, #rows, #cpu").allTextContents();
    await press(page, "Stop");
    await says(page, "stopped");
    const then = await shown();
    await hear(page, 2);
    assert.deepEqual(await shown(), then);
    await press(page, "Go on");
    await says(page, "live");
    assert.notDeepEqual(await shown(), then);
  }));

test("a profile has its functions, and nothing scrolls sideways at 390 px", () =>
  quietly({ width: 390 }, async (page) => {
    const width = () => page.evaluate("document.documentElement.scrollWidth");
    assert.equal(await width(), 390);
    await profile(page);
    assert.match(await page.locator("#taking").textContent(), /of CPU time in 5 s/);
    const functions = await page.locator("#functions tr").allTextContents();
    assert.ok(functions.some((row) => /live::.* %.* %/.test(row)), functions.join("\n"));
    assert.equal(await width(), 390);
    assert.deepEqual(await grave(page), []);
  }));

for (const scheme of ["light", "dark"]) {
  test(`no serious accessibility findings, ${scheme}`, () =>
    quietly({ scheme }, async (page) => {
      assert.deepEqual(await grave(page), []);
      await profile(page);
      await press(page, "Stop");
      assert.deepEqual(await grave(page), []);
    }));
}

test("a program that is killed is lost, and found when it is back", () =>
  quietly({}, async (page) => {
    const who = () => page.locator("#who").textContent();
    assert.match(await who(), new RegExp(`^process ${PROGRAM}, up `));
    process.kill(Number(PROGRAM), "SIGKILL");
    await says(page, "lost, trying again");
    assert.deepEqual((await names(page)).sort(), ["insert", "search"]);
    assert.deepEqual(await grave(page), []);
    again = spawn(LIVE, ["300"], { env: { ...process.env, VECPERF_SERVE__SOCKET: SOCKET }, stdio: "ignore" });
    await says(page, "live");
    await goesOn(page, "search");
    assert.match(await who(), new RegExp(`^process ${again.pid}, up `));
  }));
