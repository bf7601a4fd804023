const count = new Intl.NumberFormat("en-US");
let steps = 0;

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What comes next, in a sentence or two. */
export function explain(text: string): void {
  say(`\n=== ${++steps}. ${text}`);
}

export function counted(rows: number, word: string): string {
  return `${count.format(rows)} ${word}${rows === 1 ? "" : "s"}`;
}
