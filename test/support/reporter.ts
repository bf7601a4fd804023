import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Ends the output with one plain line, `12 passed, 0 failed`, for people and scripts that look at nothing else. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    process.stdout.write(`${countLine(modules, errors)}\n`);
  }
}

/**
 * Files that could not be run and errors outside every test count as failed: a run without a failed test may still be a
 * failure.
 */
export function countLine(modules: readonly TestModule[], errors: readonly SerializedError[]): string {
  const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
  const broken = modules.flatMap((module) => [
    ...module.errors(),
    ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
  ]);
  const count = (state: string): number => states.filter((candidate) => candidate === state).length;
  const skipped = states.length - count("passed") - count("failed");
  const counted = `${count("passed")} passed, ${count("failed") + broken.length + errors.length} failed`;
  return skipped > 0 ? `${counted}, ${skipped} skipped` : counted;
}
