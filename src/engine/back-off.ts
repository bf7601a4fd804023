export interface BackOffRange {
  /** Milliseconds after the first failure. */
  readonly first: number;
  /** Each failure more doubles the pause, up to this. */
  readonly longest: number;
}

/** How long to wait, in milliseconds, when the last so many attempts have failed (1 or more). */
export function backOff(failures: number, { first, longest }: BackOffRange): number {
  return Math.min(longest, first * 2 ** (failures - 1));
}

/**
 * As backOff, but somewhere between half of it and all of it: those who failed together must not come back together.
 */
export function spreadBackOff(failures: number, range: BackOffRange): number {
  return backOff(failures, range) * (0.5 + Math.random() / 2);
}
