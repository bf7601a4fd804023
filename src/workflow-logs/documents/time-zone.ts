import { microsPerDay } from "./timestamps.ts";

const millisTo2000 = Date.UTC(2000, 0, 1);
const microsPerQuarter = 900_000_000; // every offset in use today changes on a quarter of an hour

/** Writes the offset behind a local time: `Z`, or `+08:00` where the source keeps local times. */
export type OffsetOf = (localMicros: number) => string;

/**
 * How the source's timestamps without zone relate to UTC. The local time itself is kept in the document, only the
 * offset is added, so the column can be restored exactly; a local time that occurs twice in autumn is taken for its
 * first occurrence.
 */
export function offsetOf(timeZone: string): OffsetOf {
  if (timeZone === "UTC") return () => "Z";
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const known = new Map<number, string>();
  return (localMicros) => {
    const quarter = Math.floor(localMicros / microsPerQuarter);
    const offset =
      known.get(quarter) ?? localOffset(format, (quarter * microsPerQuarter) / 1000 + millisTo2000).slice(0, 6);
    if (known.size > 100_000) known.clear(); // about three years of quarters; more would only be a leak
    known.set(quarter, offset);
    return offset;
  };
}

/**
 * The local time, `YYYY-MM-DD HH:MM:SS.ffffff`, that the zone's clocks show at a UTC time of the same form; 10000 is
 * the one year of five digits. Never before the year 1, which PostgreSQL spells otherwise.
 */
export function utcToLocal(utc: string, timeZone: string): string {
  if (timeZone === "UTC") return utc;
  const [date = "", time = ""] = utc.split(" ");
  const instant = Date.parse(`+${date.padStart(12, "0")}T${time.slice(0, 8)}Z`);
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const shifted = new Date(instant + offsetMillis(offsetAt(format, instant))).toISOString();
  if (shifted.startsWith("0000")) return "0001-01-01 00:00:00.000000";
  return `${shifted.slice(0, -5).replace("T", " ").replace("+0", "")}${time.slice(8)}`;
}

/**
 * Tries the offsets in force a day before and after; the one that leads back to itself holds, the earlier instant
 * first.
 */
function localOffset(format: Intl.DateTimeFormat, localMillis: number): string {
  const day = microsPerDay / 1000;
  const candidates = [offsetAt(format, localMillis - day), offsetAt(format, localMillis + day)];
  const holds = candidates.find((offset) => offsetAt(format, localMillis - offsetMillis(offset)) === offset);
  return holds ?? candidates[0]!;
}

/** `+08:00`; with seconds, `+08:05:43`, for times before the zone had whole minutes. */
function offsetAt(format: Intl.DateTimeFormat, instant: number): string {
  const name = format.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? "GMT";
  return name === "GMT" ? "+00:00" : name.slice(3);
}

function offsetMillis(offset: string): number {
  const seconds = Number(offset.slice(1, 3)) * 3600 + Number(offset.slice(4, 6)) * 60 + Number(offset.slice(7, 9));
  return (offset.startsWith("-") ? -seconds : seconds) * 1000;
}
