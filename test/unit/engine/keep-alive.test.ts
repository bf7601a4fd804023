import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const module = new URL("../../../src/engine/keep-alive.ts", import.meta.url).href;
const pause = `import { setTimeout as sleep } from "node:timers/promises";
import { keepAlive } from ${JSON.stringify(module)};
const paused = sleep(50, "done", { ref: false });`;

function said(script: string): string {
  return execFileSync(process.execPath, ["--input-type=module", "--eval", `${pause}\n${script}`], { encoding: "utf8" });
}

test("a process that awaits a pause which does not hold it up is there when it ends", () => {
  expect(said("console.log(await keepAlive(paused));")).toBe("done\n");
  expect(() => said("console.log(await paused);")).toThrow(/unsettled top-level await/);
});

test("a process is not held up afterwards, also when the work fails", () => {
  expect(said('await keepAlive(Promise.reject(new Error("no"))).catch(({ message }) => console.log(message));')).toBe(
    "no\n",
  );
});
