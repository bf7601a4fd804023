import { EventEmitter } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { interruptionOf } from "../../../src/cli/interruption.ts";
import { stopSignals } from "../../../src/cli/stop-signals.ts";
import { collector } from "../../support/fake-host.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

function listening() {
  const process = new EventEmitter();
  const { stream, text } = collector();
  const exits: number[] = [];
  const target = Object.assign(process, { exit: (code: number) => void exits.push(code), stderr: stream });
  return { signal: stopSignals(target), emit: (name: string) => process.emit(name), exits, text };
}

test.each(["SIGINT", "SIGTERM"])("the first %s aborts and says so", (name) => {
  const { signal, emit, exits, text } = listening();
  expect(signal.aborted).toBe(false);
  emit(name);
  expect(interruptionOf(signal)?.signalName).toBe(name);
  expect(text()).toContain("Finishing what is in flight");
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
  const { emit, exits, text } = listening();
  emit("SIGINT");
  vi.advanceTimersByTime(20);
  emit("SIGINT");
  expect(exits).toEqual([]);
  expect(text().match(/Finishing/g)).toHaveLength(1);
});
