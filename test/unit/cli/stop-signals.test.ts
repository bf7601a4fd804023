import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { interruptionOf } from "../../../src/cli/interruption.ts";
import { stopSignals } from "../../../src/cli/stop-signals.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

function listening() {
  const process = new EventEmitter();
  const exits: number[] = [];
  const target = Object.assign(process, { exit: (code: number) => void exits.push(code) });
  return { signal: stopSignals(target), emit: (name: string) => process.emit(name), exits };
}

test.each(["SIGINT", "SIGTERM"])("the first %s aborts", (name) => {
  const { signal, emit, exits } = listening();
  expect(signal.aborted).toBe(false);
  emit(name);
  expect(interruptionOf(signal)?.signalName).toBe(name);
  expect(exits).toEqual([]);
});

test("the second one ends the process at once", () => {
  const { emit, exits } = listening();
  emit("SIGINT");
  vi.advanceTimersByTime(1000);
  emit("SIGTERM");
  expect(exits).toEqual([143]);
});

test("the copy of the first that npm passes on is no second one", () => {
  const { emit, exits } = listening();
  emit("SIGINT");
  vi.advanceTimersByTime(20);
  emit("SIGINT");
  expect(exits).toEqual([]);
});
