/** The number that Redis prints as a score: 17 digits, or inf. */
export function scoreOf(printed: Buffer): number {
  const text = printed.toString("latin1");
  if (text === "inf" || text === "+inf") return Number.POSITIVE_INFINITY;
  if (text === "-inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}
