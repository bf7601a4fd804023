import type { Prng } from "./prng.ts";
import { type Micros, monthStart, second } from "./timestamps.ts";

export interface Moment {
  start: Micros;
  /** One of many runs that a batch call started on this instant, at the same app as the one before. */
  crowded: boolean;
  /** Just before or just on the first instant of a month. */
  border: boolean;
}

/** Keeps the last run's nodes and logs inside the last month. */
const quietEnd = 3600 * second;

/**
 * When runs start: in order with the progress of the generation, some on one instant with the one before, a crowd of
 * them now and then, and around every month border one run just before it (whose log falls behind it) and one on it.
 */
export function createTimeline(prng: Prng, firstMonth: string, months: number): (progress: number) => Moment {
  const from = monthStart(firstMonth, 0);
  const to = monthStart(firstMonth, months) - quietEnd;
  const borders = Array.from({ length: months - 1 }, (_, i) => monthStart(firstMonth, i + 1));
  const ahead = borders.flatMap((border) => [border - 200_000, border]);
  let last = from;
  let crowd = 0;
  // One crowd is certain, so that the smallest data has one too.
  let firstCrowd = true;

  return (progress) => {
    if (crowd > 0) {
      crowd--;
      return { start: last, crowded: true, border: false };
    }
    const [border] = ahead;
    const position = from + progress * (to - from);
    if (border !== undefined && position >= border) {
      ahead.shift();
      last = border;
      return { start: border, crowded: false, border: true };
    }
    if (prng.chance(0.004) || (firstCrowd && progress > 0.3)) {
      firstCrowd = false;
      crowd = prng.integer(10, 40);
    }
    if (!prng.chance(0.05)) last = Math.min(to, Math.floor(position + prng.float() * 120 * second));
    return { start: last, crowded: false, border: false };
  };
}
