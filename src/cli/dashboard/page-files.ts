import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

const folder = new URL("../../../dashboard/", import.meta.url);

/** By their paths below `/`; the page of index.html is also `/`. */
const ownFiles = [
  "index.html",
  "style.css",
  "icon.svg",
  "main.js",
  "api.js",
  "dom.js",
  "format.js",
  "curve.js",
  "pages/coverage.js",
  "pages/errors.js",
  "pages/log.js",
  "pages/login.js",
  "pages/retention.js",
  "pages/run.js",
  "pages/runs.js",
  "pages/search.js",
];

/** All that the browser may load, read once: nothing that a request names is looked for in the file system. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const resolve = createRequire(import.meta.url).resolve;
  const files = new Map(ownFiles.map((name) => [`/${name}`, fileOf(name, new URL(name, folder))]));
  files.set("/", files.get("/index.html")!);
  files.set("/vendor/uplot.js", fileOf("uplot.js", resolve("uplot/dist/uPlot.esm.js")));
  files.set("/vendor/uplot.css", fileOf("uplot.css", resolve("uplot/dist/uPlot.min.css")));
  return files;
}

function fileOf(name: string, path: string | URL): PageFile {
  return { type: types[name.slice(name.lastIndexOf(".") + 1)]!, body: readFileSync(path) };
}
