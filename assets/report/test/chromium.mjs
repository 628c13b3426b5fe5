// Chromium for the tests, and what is asked of every page: silence, and no grave accessibility findings.
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path && existsSync(path),
);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
export const start = async () => {
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
};
export const stop = () => browser.close();

// An empty page; `noise` is what it will say or throw, and the requests that are not `allowed`.
export async function blank(allowed, { width = 1280, scheme = "light", scripts = true } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    javaScriptEnabled: scripts,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const noise = [];
  page.on("console", (message) => noise.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => noise.push(`dialog: ${dialog.message()}`));
  page.on("popup", () => noise.push("a window opened"));
  page.on("request", (request) => allowed(request.url()) || noise.push(`request: ${request.url()}`));
  return { page, noise, close: () => context.close() };
}

// The serious and critical findings of axe-core.
export async function grave(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate("axe.run()");
  const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return bad.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
}
