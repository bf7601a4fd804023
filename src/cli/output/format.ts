import prettyBytes from "pretty-bytes";
import prettyMs from "pretty-ms";

const counts = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function formatCount(count: number | bigint): string {
  return counts.format(count);
}

/** In units of 1024, as sizes on the command line are. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

export function formatDuration(millis: number): string {
  return prettyMs(Math.max(0, millis), { secondsDecimalDigits: millis < 60_000 ? 1 : 0 });
}

/** Two decimals, rounded down: one row missing among a million is not 100.00%. Nothing of nothing is all of it. */
export function formatPercent(part: number, whole: number): string {
  const percent = whole === 0 ? 100 : (part / whole) * 100;
  return `${(Math.floor(percent * 100 + 1e-6) / 100).toFixed(2)}%`;
}

/** To the second, as a person reads it: `2026-11-27 19:02:32`, in UTC. */
export function formatTime(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}
