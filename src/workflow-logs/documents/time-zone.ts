import { microsPerDay } from "./timestamps.ts";

const millisTo2000 = Date.UTC(2000, 0, 1);
const microsPerQuarter = 900_000_000; // every offset in use today changes on a quarter of an hour

/** Writes the offset behind a local time: `Z`, or `+08:00` where the source keeps local times. */
export type OffsetOf = (localMicros: number) => string;

/**
 * How the source's timestamps without zone relate to UTC. The local time itself is kept in the document, only the offset is added, so the
 * column can be restored exactly; a local time that occurs twice in autumn is taken for its first occurrence.
 */
export function offsetOf(timeZone: string): OffsetOf {
  if (timeZone === "UTC") return () => "Z";
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const known = new Map<number, string>();
  return (localMicros) => {
    const quarter = Math.floor(localMicros / microsPerQuarter);
    const offset = known.get(quarter) ?? localOffset(format, (quarter * microsPerQuarter) / 1000 + millisTo2000);
    if (known.size > 100_000) known.clear(); // about three years of quarters; more would only be a leak
    known.set(quarter, offset);
    return offset;
  };
}

/** The local time, `YYYY-MM-DD HH:MM:SS.ffffff`, that the zone's clocks show at a UTC time of the same form. */
export function utcToLocal(utc: string, timeZone: string): string {
  if (timeZone === "UTC") return utc;
  const instant = Date.parse(`${utc.slice(0, 10)}T${utc.slice(11, 19)}Z`);
  const shifted = new Date(
    instant +
      offsetMillis(offsetAt(new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" }), instant)),
  );
  return `${shifted.toISOString().slice(0, 19).replace("T", " ")}${utc.slice(19)}`;
}

/** Tries the offsets in force a day before and after; the one that leads back to itself holds, the earlier instant first. */
function localOffset(format: Intl.DateTimeFormat, localMillis: number): string {
  const day = microsPerDay / 1000;
  const candidates = [offsetAt(format, localMillis - day), offsetAt(format, localMillis + day)];
  const holds = candidates.find((offset) => offsetAt(format, localMillis - offsetMillis(offset)) === offset);
  return holds ?? candidates[0]!;
}

function offsetAt(format: Intl.DateTimeFormat, instant: number): string {
  const name = format.formatToParts(instant).find((part) => part.type === "timeZoneName")?.value ?? "GMT";
  return name === "GMT" ? "+00:00" : name.slice(3, 9);
}

function offsetMillis(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6));
  return (offset.startsWith("-") ? -minutes : minutes) * 60_000;
}
