import type { CaptureStatus } from "../../../../workflow-logs/capture/status.ts";
import { formatCount, formatDuration, formatTime } from "../../../output/format.ts";
import { formatTable } from "../../../output/table.ts";

const operations: readonly (readonly [string, string])[] = [
  ["I", "inserted"],
  ["U", "updated"],
  ["D", "deleted"],
  ["T", "touched"],
];

/** All that is known of the capture. */
export function captureText(status: CaptureStatus, width?: number): string {
  const waiting = Object.entries(status.byDataType);
  return [
    captureLine(status),
    "",
    formatTable(
      ["table", "state"],
      status.tables.map(({ name, state }) => [name, state]),
      { width },
    ),
    ...(waiting.length === 0
      ? []
      : [
          "",
          formatTable(
            ["waiting", ...operations.map(([, word]) => word)],
            waiting.map(([type, counts]) => [type, ...operations.map(([operation]) => counts[operation] ?? 0)]),
            { width },
          ),
        ]),
  ].join("\n");
}

/** The capture in one line. */
export function captureLine(status: CaptureStatus): string {
  const { installed, installedAt, tables, dirtyRows, oldestSeconds, gaps } = status;
  const missing = tables.filter(({ state }) => state === "missing").map(({ name }) => name);
  const waits = oldestSeconds === null ? "" : `, the oldest for ${formatDuration(oldestSeconds * 1000)}`;
  const state =
    installed && installedAt !== null
      ? `since ${formatTime(installedAt)}`
      : missing.length === tables.length
        ? "not installed"
        : `not whole${missing.length === 0 ? "" : `, missing on ${missing.join(", ")}`}: app elasticsearch capture install`;
  return [
    `Capture: ${state}; ${formatCount(dirtyRows)} writes wait to be copied${waits}`,
    ...(gaps > 0
      ? [`⚠ WARNING: ${formatCount(gaps)} gaps, writes that were not recorded: validate --full --repair finds them`]
      : []),
  ].join("\n");
}
