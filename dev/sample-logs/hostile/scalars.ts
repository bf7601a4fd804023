import type { Named } from "./json-texts.ts";

/** float8 as PostgreSQL prints it. */
export const doubles: readonly Named[] = [
  { name: "NaN", text: "NaN" },
  { name: "Infinity", text: "Infinity" },
  { name: "-Infinity", text: "-Infinity" },
  { name: "-0", text: "-0" },
  { name: "1e-300", text: "1e-300" },
  { name: "smallest", text: "5e-324" },
  { name: "largest", text: "1.7976931348623157e+308" },
  { name: "0.1+0.2", text: "0.30000000000000004" },
  { name: "2^53+2", text: "9.007199254740994e+15" },
  { name: "negative", text: "-3.5" },
];

export const bigints: readonly Named[] = [
  { name: "2^53+1", text: "9007199254740993" },
  { name: "2^63-1", text: "9223372036854775807" },
  { name: "-2^63", text: "-9223372036854775808" },
  { name: "-1", text: "-1" },
];

export const integers: readonly Named[] = [
  { name: "2^31-1", text: "2147483647" },
  { name: "-2^31", text: "-2147483648" },
  { name: "NULL", text: null },
];

/** created_at that has a month, however odd. */
export const timestamps: readonly Named[] = [
  { name: "1970-01-01", text: "1970-01-01 00:00:00" },
  { name: "1970-01, a microsecond in", text: "1970-01-01 00:00:00.000001" },
  { name: "before 1970", text: "1969-12-31 23:59:59.999999" },
  { name: "last microsecond of 2099", text: "2099-12-31 23:59:59.999999" },
  { name: "last microsecond of a month", text: "2025-10-31 23:59:59.999999" },
  { name: "first of the next month", text: "2025-11-01 00:00:00" },
  { name: "first microsecond of the next month", text: "2025-11-01 00:00:00.000001" },
  { name: "last microsecond of a year", text: "2024-12-31 23:59:59.999999" },
  { name: "leap day", text: "2024-02-29 12:00:00.5" },
  { name: "last of a leap day", text: "2024-02-29 23:59:59.999999" },
  { name: "missing hour in New York", text: "2025-03-09 02:30:00" },
  { name: "another month in Shanghai", text: "2025-10-31 16:00:00.123456" },
];

/** finished_at beside an ordinary created_at. */
export const endings: readonly Named[] = [
  { name: "infinity", text: "infinity" },
  { name: "-infinity", text: "-infinity" },
  { name: "before Christ", text: "0044-03-15 12:00:00 BC" },
  { name: "year 10000", text: "10000-01-01 00:00:00" },
  { name: "before created_at", text: "2001-01-01 00:00:00" },
];

/** created_at that no month of the archive can take: such a row becomes a record error. */
export const monthless: readonly Named[] = [
  { name: "infinity", text: "infinity" },
  { name: "-infinity", text: "-infinity" },
  { name: "before Christ", text: "0044-03-15 12:00:00 BC" },
  { name: "earliest", text: "4714-11-24 00:00:00 BC" },
  { name: "year 10000", text: "10000-01-01 00:00:00" },
  { name: "latest", text: "294276-12-31 23:59:59.999999" },
];
