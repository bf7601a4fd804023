import { UsageError } from "../../../engine/errors.ts";
import { type OffsetOf, utcToLocal } from "../../documents/time-zone.ts";

const isoTime = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::\d\d)?)$/;
const millisTo2000 = Date.UTC(2000, 0, 1);

/**
 * An instant with six digits behind the second and Z, so that text compares as time does: for
 * `2025-11-01T08:00:00+08:00`, `2025-11-01T00:00:00.000000Z`. Undefined for what names none within the years 1 to 9999.
 */
export function toInstant(text: string): string | undefined {
  const [, date, time, fraction = "", zone] = isoTime.exec(text) ?? [];
  if (date === undefined) return undefined;
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  if (zone === "Z" || zone === "+00" || zone === "+00:00") return `${date}T${time}.${micros}Z`;
  const millis = Date.parse(`${date}T${time}${zone!.length === 3 ? `${zone}:00` : zone}`);
  const utc = Number.isNaN(millis) ? "" : new Date(millis).toISOString();
  return utc.length === 24 && !utc.startsWith("0000") ? `${utc.slice(0, 19)}.${micros}Z` : undefined;
}

/** A bound that a caller gives. Throws UsageError when it is no instant. */
export function parseInstant(text: string): string {
  const instant = toInstant(text);
  if (instant !== undefined && !Number.isNaN(Date.parse(instant))) return instant;
  throw new UsageError("invalid_time", `${JSON.stringify(text)} is not a time.`, {
    hint: "Give it as an ISO timestamp with its zone, such as 2025-11-01T00:00:00Z.",
  });
}

const printedTime = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?(\+00)?$/;
const oddTime = /^(\d+-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?( BC)?$/;

/**
 * The instant of a timestamp that PostgreSQL printed; infinities and years beyond 1 to 9999 stay in its spelling, with
 * six digits.
 */
export function instantOfPrinted(text: string, offsetOf: OffsetOf): string {
  const [, date, time, fraction = "", utc] = printedTime.exec(text) ?? [];
  if (date !== undefined) {
    const local = `${date}T${time}.${fraction.padEnd(6, "0")}`;
    return toInstant(`${local}${utc ?? offsetAt(local, offsetOf)}`) ?? local;
  }
  const [, day, digits = "", era = ""] = oddTime.exec(text) ?? [];
  return day === undefined ? text : `${day}.${digits.padEnd(6, "0")}${era}`;
}

/** The text from which PostgreSQL reads a column without zone again. */
export function localTime(instant: string, timeZone: string): string {
  const utc = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d{6})Z$/.exec(instant);
  return utc === null ? instant : utcToLocal(`${utc[1]} ${utc[2]}`, timeZone);
}

/** The timestamp as documents have it: the source's local time with its offset. */
export function documentTime(instant: string, timeZone: string, offsetOf: OffsetOf): string {
  const local = localTime(instant, timeZone);
  if (local === instant || !/^\d{4}-.*\d$/.test(local)) return local;
  const iso = local.replace(" ", "T");
  return `${iso}${offsetAt(iso, offsetOf)}`;
}

function offsetAt(local: string, offsetOf: OffsetOf): string {
  return offsetOf((Date.parse(`${local.slice(0, 19)}Z`) - millisTo2000) * 1000);
}
