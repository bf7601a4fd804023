/** Whether `flag` stands among the arguments, which may be such that they cannot be parsed. */
export function isGiven(args: readonly string[], flag: string): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes(flag);
}
