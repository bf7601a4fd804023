export const microsPerDay = 86_400_000_000;
const daysTo2000 = 10_957;
const infinity = 0x7fffffffffffffffn;
const minusInfinity = -0x8000000000000000n;

/**
 * A `timestamp` in its binary form as microseconds since 2000-01-01. Exact within 285 years around 2000; beyond that,
 * where a number cannot hold them, use `timestampText`.
 */
export function readMicros(data: Buffer, at: number): number {
  return data.readInt32BE(at) * 4_294_967_296 + data.readUInt32BE(at + 4);
}

/**
 * `YYYY-MM-DD HH:MM:SS.ffffff`, always six digits; PostgreSQL's own spelling for infinities and years beyond 1 to 9999.
 */
export function timestampText(data: Buffer, at: number): string {
  const micros = data.readBigInt64BE(at);
  if (micros === infinity) return "infinity";
  if (micros === minusInfinity) return "-infinity";
  const perDay = BigInt(microsPerDay);
  const inDay = ((micros % perDay) + perDay) % perDay;
  const day = Number((micros - inDay) / perDay);
  const seconds = inDay / 1_000_000n;
  const time = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => two(Number(part))).join(":");
  const { year, month, dayOfMonth } = civilDate(day + daysTo2000);
  const spelledYear = String(year > 0 ? year : 1 - year).padStart(4, "0");
  const micro = String(inDay % 1_000_000n).padStart(6, "0");
  return `${spelledYear}-${two(month)}-${two(dayOfMonth)} ${time}.${micro}${year > 0 ? "" : " BC"}`;
}

/** `YYYY-MM-DD` of a number of days since 2000-01-01, for years 1 to 9999. */
export function dateText(daysSince2000: number): string {
  const { year, month, dayOfMonth } = civilDate(daysSince2000 + daysTo2000);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(dayOfMonth)}`;
}

/**
 * Calendar date of a number of days since 1970-01-01, for every year PostgreSQL has (Date ends 18,000 years earlier).
 * Algorithm: https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
function civilDate(days: number): { year: number; month: number; dayOfMonth: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
