/** A command that a page tells to type. */
export interface ShownCommand {
  /** Behind the program's name. Placeholders, variables of a shell and `…` are as they stand. */
  readonly args: readonly string[];
  /** Whether it is a whole command, and not only spoken of. */
  readonly isWhole: boolean;
  readonly text: string;
}

/** Every command of the program in blocks for a shell, and in code within the text, where it is only spoken of. */
export function commandsIn(page: string): ShownCommand[] {
  const blocks = [...page.matchAll(/^ *```(\w*)\n([^]*?)^ *```/gm)].filter(([, kind]) => shells.has(kind!));
  const whole = blocks.flatMap(([, , block]) => linesOf(block!).flatMap((line) => calls(line, true)));
  const text = page.replaceAll(/^ *```[^]*?^ *```/gm, "");
  const spoken = [...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].flatMap(([, code]) => calls(code!, false));
  return [...whole, ...spoken];
}

const shells = new Set(["", "bash", "sh", "console"]);

/** Lines that a shell reads, with those that go on in the next one; of a console, those behind `$`. */
function linesOf(block: string): string[] {
  const lines = block.replaceAll(/\\\n\s*/g, "").split("\n");
  const typed = lines.filter((line) => line.startsWith("$ "));
  return typed.length > 0 ? typed.map((line) => line.slice(2)) : lines;
}

/** `app a|b` is both. */
function calls(line: string, isWhole: boolean): ShownCommand[] {
  const words = wordsOf(line.replaceAll("\\|", "|"));
  const at = words.indexOf("app");
  if (at < 0 || /^docker (build|run)/.test(line)) return [];
  const behind = words.slice(words[at + 1] === "--" ? at + 2 : at + 1);
  const end = behind.findIndex((word) => /^([|;&>]+|>>|2>&1|&&|\|\|)$/.test(word));
  const args = (end < 0 ? behind : behind.slice(0, end)).filter((word) => isWhole || !/^(X|…|\.\.\.)$/.test(word));
  const either = args.findIndex(
    (word, index) => index < 4 && /^[a-z-]+(\|[a-z-]+)+$/.test(word) && !args[index - 1]?.startsWith("-"),
  );
  const all = either < 0 ? [args] : args[either]!.split("|").map((word) => args.with(either, word));
  return all.filter((one) => /^[a-z-]/.test(one[0] ?? "")).map((one) => ({ args: one, isWhole, text: line.trim() }));
}

/** As a shell cuts them: quotes hold together, `$(…)` is one word, and what follows ` #` is a comment. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"(?:\$\([^)]*\)|[^"])*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g)) {
    if (word.startsWith("#")) break;
    words.push(word.replaceAll(/"((?:\$\([^)]*\)|[^"])*)"|'([^']*)'/g, "$1$2"));
  }
  return words;
}
