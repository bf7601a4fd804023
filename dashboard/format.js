/** @param {number | null | undefined} count */
export function counted(count) {
  return count === null || count === undefined ? "not counted" : count.toLocaleString("en");
}

/** @param {number | null} bytes */
export function sized(bytes) {
  if (bytes === null) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${value >= 100 || step === 0 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

/** @param {number} seconds */
export function lasting(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${Math.round(seconds / 86_400)} days`;
}

/**
 * As all commands print it: UTC, to the second.
 *
 * @param {string | null | undefined} time
 */
export function at(time) {
  return time === null || time === undefined ? "" : time.replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, " UTC");
}
