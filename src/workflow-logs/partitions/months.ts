import { UTCDate } from "@date-fns/utc";
import { addMonths } from "date-fns/addMonths"; // all of date-fns takes a second to load

/** First instant of the month `YYYY-MM` and of the next one, as text in UTC. */
export function monthBounds(month: string): { from: string; to: string } {
  return { from: monthStart(month), to: monthStart(nextMonth(month)) };
}

function nextMonth(month: string): string {
  const next = addMonths(new UTCDate(`${month}-01T00:00:00Z`), 1);
  return `${String(next.getFullYear()).padStart(4, "0")}-${String(next.getMonth() + 1).padStart(2, "0")}`;
}

function monthStart(month: string): string {
  return `${month}-01 00:00:00.000000`;
}
