const day = /^\d{4}-\d{2}-\d{2}$/;
const timestamp = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const millisPerDay = 24 * 3600 * 1000;

/**
 * First instant of `YYYY-MM-DD`, or an ISO timestamp (UTC unless it has an offset), as `YYYY-MM-DD HH:MM:SS.ffffff` in
 * UTC. Undefined when it is neither, or a date that does not exist.
 */
export function startInstant(text: string): string | undefined {
  return day.test(text) ? instant(text, "00:00", "00", "", 0) : timestampInstant(text);
}

/**
 * Exclusive end: the day after for `YYYY-MM-DD`, the instant itself for a timestamp. The last day of year 9999 ends in
 * year 10000.
 */
export function endInstant(text: string): string | undefined {
  return day.test(text) ? instant(text, "00:00", "00", "", millisPerDay) : timestampInstant(text);
}

/** Whether the text `start` lies before the text `end`; only an end can have a year of five digits. */
export function isBefore(start: string, end: string): boolean {
  return start.length < end.length || (start.length === end.length && start < end);
}

function timestampInstant(text: string): string | undefined {
  const match = timestamp.exec(text);
  if (!match) return undefined;
  const [, date = "", hourAndMinute = "", second = "00", fraction = "", zone = "Z"] = match;
  const offset = offsetMillis(zone);
  return offset === undefined ? undefined : instant(date, hourAndMinute, second, fraction, -offset);
}

function offsetMillis(zone: string): number | undefined {
  if (zone.toUpperCase() === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(":", ""))];
  if (hours > 15 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Date knows milliseconds only, so the fraction stays text and never passes through it. */
function instant(
  date: string,
  hourAndMinute: string,
  second: string,
  fraction: string,
  shift: number,
): string | undefined {
  const written = `${date}T${hourAndMinute}:${second}`;
  const millis = Date.parse(`${written}Z`);
  if (Number.isNaN(millis) || !new Date(millis).toISOString().startsWith(written)) return undefined;
  const shifted = new Date(millis + shift).toISOString();
  const lastDayEnds = shift === millisPerDay && shifted.startsWith("+010000");
  if (!lastDayEnds && !/^(?!0000)\d{4}-/.test(shifted)) return undefined;
  const [shiftedDate = "", shiftedTime = ""] = shifted.replace(/^\+0/, "").split("T");
  return `${shiftedDate} ${shiftedTime.slice(0, 8)}.${fraction.padEnd(6, "0")}`;
}
