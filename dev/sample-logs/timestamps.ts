/** Microseconds since 1970-01-01T00:00:00Z: exact in a number up to the year 2255. */
export type Micros = number;

export const second: Micros = 1_000_000;
const day: Micros = 86_400 * second;

let cachedDay = Number.NaN;
let cachedDate = "";

/** As PostgreSQL prints a timestamp: no fraction when it is zero, no trailing zeros. */
export function formatMicros(micros: Micros): string {
  const dayNumber = Math.floor(micros / day);
  if (dayNumber !== cachedDay) {
    cachedDay = dayNumber;
    cachedDate = new Date(dayNumber * 86_400_000).toISOString().slice(0, 10);
  }
  const rest = micros - dayNumber * day;
  const seconds = Math.floor(rest / second);
  const fraction = rest - seconds * second;
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (fraction === 0) return `${cachedDate} ${time}`;
  return `${cachedDate} ${time}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** The first microsecond of the month `offset` months after `month` (`YYYY-MM`), UTC. */
export function monthStart(month: string, offset: number): Micros {
  const [year = Number.NaN, number = Number.NaN] = month.split("-").map(Number);
  return Date.UTC(year, number - 1 + offset, 1) * 1000;
}

/** `YYYY-MM` of a timestamp with a four-digit year after Christ, else undefined. */
export function monthOf(timestamp: string): string | undefined {
  return /^\d{4}-\d\d-/.test(timestamp) && !timestamp.endsWith("BC") ? timestamp.slice(0, 7) : undefined;
}
