// Makes dist/: the script, its hash for the page's content security policy, the style, and the licences of what is in
// them. `node build.mjs DIRECTORY` writes somewhere else.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = new URL(".", import.meta.url);
const directory = process.argv[2] ?? fileURLToPath(new URL("dist", here));
mkdirSync(directory, { recursive: true });

const made = await build({
  absWorkingDir: fileURLToPath(here),
  entryPoints: { report: "src/main.js" },
  bundle: true,
  minify: true,
  format: "iife",
  charset: "utf8",
  target: ["chrome123", "firefox120", "safari17.5"],
  legalComments: "none",
  metafile: true,
  outdir: directory,
  write: false,
});

const packages = [...new Set(Object.keys(made.metafile.inputs).map(packageOf).filter(Boolean))].sort();
const licences = packages.map((name) => {
  const folder = new URL(`node_modules/${name}/`, here);
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  return { name, version, license, text: readFileSync(new URL("LICENSE", folder), "utf8").trim() };
});

// The page carries the notices that its parts ask for; Apache's text is long, and the page says where it is.
const notice = licences
  .map(({ name, version, license, text }) =>
    license === "Apache-2.0"
      ? `${name} ${version}, Apache License 2.0: https://www.apache.org/licenses/LICENSE-2.0`
      : `${name} ${version}, ${license}:\n${text}`,
  )
  .join("\n\n");

const output = (suffix) => made.outputFiles.find((file) => file.path.endsWith(suffix)).text.trim();
const script = `/*\nThis script contains, besides vecperf's own:\n\n${notice}\n*/\n${output(".js")}`;
if (/<\/script|<!--/i.test(script)) {
  throw new Error("the script would end its own element");
}
const write = (name, text) => writeFileSync(`${directory}/${name}`, text);
write("report.js", script);
write("report.js.sha256", createHash("sha256").update(script).digest("base64"));
write("report.css", output(".css"));
write("LICENSES", licences.map(({ name, version, text }) => `${name} ${version}\n\n${text}\n`).join("\n\n"));
console.log(`${directory}: ${script.length} bytes of script, ${output(".css").length} of style; ${packages.join(", ")}`);

function packageOf(path) {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}
