import stringWidth from "string-width";

/** Columns that the text takes on a terminal. */
export function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : stringWidth(text);
}

/** Words on lines of at most so many columns; a word that is wider has its line alone, for nothing is cut. */
export function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const sentence = /^(?:Note|Warning|⚠ WARNING|✓ SUCCESS): /;
/** A command in backticks is one word, so that it can be copied. */
const words = /(?:`[^`]*`|\S)+/g;

/** The text with its remarks and verdicts continued at words where they are wider than the terminal. */
export function withWrappedSentences(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((line) =>
      sentence.test(line) && widthOf(line) > width ? wrapped(line.match(words) ?? [], width) : [line],
    )
    .join("\n");
}
