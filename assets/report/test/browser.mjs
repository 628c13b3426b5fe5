// The report pages in a browser without a network, which reports whatever a page asks for, says or throws.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { blank } from "./chromium.mjs";

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

// Opens a page; `noise` is what it asked for, said or threw beyond its own file.
export async function open(name, options) {
  let asked = 0;
  const opened = await blank(() => ++asked === 1, options);
  await opened.page.goto(`file://${folder}/${name}`);
  return opened;
}
