import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, launch } from "puppeteer-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** A headless Chromium of this machine that reaches nothing but this machine. Throws NOT RUN where there is none. */
export async function openBrowser(): Promise<Browser> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const paths = [
    ...(process.env["TEST_CHROMIUM"] ? [process.env["TEST_CHROMIUM"]] : []),
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
  ];
  const executablePath = paths.find(isProgram);
  if (executablePath === undefined)
    throw new Error("NOT RUN: no Chromium. Install chromium, or set TEST_CHROMIUM to the path of one.");
  return launch({
    executablePath,
    args: [
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), // it refuses to start as root otherwise
    ],
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
