/**
 * How many to draw from each stratum when `wanted` are drawn from all: in proportion to its size, so that each member
 * has about the same chance, but at least one from each as long as there are enough. All of them when `wanted` is as
 * many as there are.
 */
export function allocate(sizes: readonly number[], wanted: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (wanted >= total) return [...sizes];
  const filled = sizes.filter((size) => size > 0).length;
  const base = wanted >= filled ? 1 : 0;
  const left = wanted - base * filled;
  const shares = sizes.map((size) => (size === 0 ? 0 : ((size - base) / (total - base * filled)) * left));
  const taken = sizes.map((size, at) => (size === 0 ? 0 : base + Math.floor(shares[at]!)));
  let rest = wanted - taken.reduce((sum, count) => sum + count, 0);
  const byRemainder = sizes
    .map((size, at) => ({ at, isFull: taken[at]! >= size, remainder: shares[at]! - Math.floor(shares[at]!) }))
    .filter(({ isFull }) => !isFull)
    .toSorted((a, b) => b.remainder - a.remainder || sizes[b.at]! - sizes[a.at]!);
  for (const { at } of byRemainder) {
    if (rest === 0) break;
    taken[at]!++;
    rest--;
  }
  return taken;
}

/** The part of the stratum drawn from least, between 0 and 1; 1 when there is nothing to draw from. */
export function leastShare(sizes: readonly number[], taken: readonly number[]): number {
  return Math.min(1, ...sizes.flatMap((size, at) => (size === 0 ? [] : [(taken[at] ?? 0) / size])));
}

/**
 * The least probability with which a sample holds at least one of `wrong` wrong members, wherever they are. Drawing
 * without replacement, k members of a stratum of which the share f is drawn are all missed with at most (1 - f)^k.
 */
export function findsAtLeast(share: number, wrong: number): number {
  return 1 - (1 - share) ** wrong;
}
