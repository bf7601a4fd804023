import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { httpFaults } from "../../fault/suite/http-faults.ts";
import { stateFaults } from "../../fault/suite/state-faults.ts";

test("docs/reliability.md has a line for each fault that the suite makes, and no other", async () => {
  const text = await readFile(new URL("../../../docs/reliability.md", import.meta.url), "utf8");
  const lines = text.matchAll(/^\| ([^|]*\S) +\| .+ \|$/gm);
  const described = Array.from(lines, ([, first]) => first!).filter(
    (first) => first !== "fault" && !/^-+$/.test(first),
  );
  expect(described.toSorted()).toEqual([...Object.keys(httpFaults), ...Object.keys(stateFaults)].toSorted());
});
