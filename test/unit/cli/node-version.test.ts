import { expect, test } from "vitest";
import { unsupportedNode } from "../../../src/cli/node-version.ts";

test("an older Node.js is refused with one sentence (F23)", () => {
  for (const version of ["18.19.0", "20.20.2", "21.7.3", "22.12.0"])
    expect(unsupportedNode(version)).toBe(`This program needs Node.js 22.13 or newer; this is ${version}.`);
  for (const version of ["22.13.0", "23.0.0", "24.21.0", "100.0.0"]) expect(unsupportedNode(version)).toBeUndefined();
});
