import { expect, test } from "vitest";
import type { AppError } from "../../../src/engine/errors.ts";
import type { Receipt } from "../../../src/engine/ports.ts";
import { RefusalLimit } from "../../../src/engine/refusal-limit.ts";

function receipt(written: number, refused: number): Receipt {
  return {
    written,
    refused: Array.from({ length: refused }, (_, at) => ({ id: `${at}`, type: "bad_date", reason: `reason ${at}` })),
  };
}

test("refusals below the limit pass, the one that reaches it ends the run and names the last reason", () => {
  const limit = new RefusalLimit(10);
  limit.note(receipt(0, 4));
  limit.note(receipt(0, 5));
  const thrown = capture(() => limit.note(receipt(0, 1)));
  expect(thrown.code).toBe("too_many_record_errors");
  expect(thrown.message).toContain("10 records in a row");
  expect(thrown.message).toContain("bad_date: reason 0");
  expect(thrown.hint).toContain("errors retry");
});

test("a record that was written begins the count anew, an empty receipt does not", () => {
  const limit = new RefusalLimit(10);
  for (let at = 0; at < 100; at++) {
    limit.note(receipt(0, 9));
    limit.note(receipt(1, 9));
  }
  limit.note(receipt(0, 9));
  limit.note(receipt(0, 0));
  expect(capture(() => limit.note(receipt(0, 1))).code).toBe("too_many_record_errors");
});

function capture(act: () => void): AppError {
  try {
    act();
  } catch (error) {
    return error as AppError;
  }
  throw new Error("nothing was thrown");
}
