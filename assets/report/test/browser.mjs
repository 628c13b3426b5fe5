// A browser for the tests: Chromium without a network, which reports whatever a page asks for, says or throws.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path && existsSync(path),
);

// The folder with the pages: sample.html, sweep.html without profiles, hostile-N.html, and bench.html where a run made one.
const folder = process.env.PAGES;
if (!folder) throw new Error("PAGES names the folder with the pages; scripts/check-page sets it");

export const hostile = readdirSync(folder).filter((name) => name.startsWith("hostile-"));
export const real = ["bench.html", "sample.html", "sweep.html"].filter((name) => existsSync(`${folder}/${name}`));

// A page with other data for its script: its name. What was there is as it was.
export function altered(name, change) {
  const page = readFileSync(`${folder}/${name}`, "utf8");
  const start = page.indexOf(">", page.indexOf('id="data"')) + 1;
  const end = page.indexOf("</script>", start);
  const data = JSON.stringify(change(JSON.parse(page.slice(start, end)))).replaceAll("<", "\\u003c");
  writeFileSync(`${folder}/altered.html`, page.slice(0, start) + data + page.slice(end));
  return "altered.html";
}

let browser;
export const start = async () => {
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
};
export const stop = () => browser.close();

// Opens a page; `noise` is what it asked for, said or threw beyond its own file.
export async function open(name, { width = 1280, scheme = "light", scripts = true } = {}) {
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
  let asked = 0;
  page.on("request", (request) => {
    asked += 1;
    if (asked > 1) noise.push(`request: ${request.url()}`);
  });
  await page.goto(`file://${folder}/${name}`);
  return { page, noise, close: () => context.close() };
}
