const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\u0007" };

const blank = /[\s\0]/;

/**
 * The arguments of a line as one types it: words, or quoted as in redis-cli. Undefined when a quote is not closed, or
 * something follows it.
 */
export function inlineArguments(line: Buffer): Buffer[] | undefined {
  const text = line.toString("latin1");
  const found: Buffer[] = [];
  for (let at = 0; ;) {
    while (at < text.length && blank.test(text[at]!)) at += 1;
    if (at === text.length) return found;
    const word = readWord(text, at);
    if (word === undefined) return undefined;
    found.push(Buffer.from(word.value, "latin1"));
    at = word.end;
  }
}

function readWord(text: string, start: number): { value: string; end: number } | undefined {
  let value = "";
  for (let at = start; at < text.length; at += 1) {
    const character = text[at]!;
    if (blank.test(character)) return { value, end: at };
    if (character !== '"' && character !== "'") {
      value += character;
      continue;
    }
    const quoted = character === '"' ? doubleQuoted(text, at + 1) : singleQuoted(text, at + 1);
    if (quoted === undefined) return undefined;
    if (quoted.end < text.length && !blank.test(text[quoted.end]!)) return undefined;
    return { value: value + quoted.value, end: quoted.end };
  }
  return { value, end: text.length };
}

/** `end` is behind the closing quote. */
function doubleQuoted(text: string, start: number): { value: string; end: number } | undefined {
  let value = "";
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '"') return { value, end: at + 1 };
    if (text[at] !== "\\" || at + 1 === text.length) {
      value += text[at];
      continue;
    }
    const hexadecimal = /^x([\da-f]{2})/i.exec(text.slice(at + 1, at + 4));
    if (hexadecimal) {
      value += String.fromCharCode(Number.parseInt(hexadecimal[1]!, 16));
      at += 3;
    } else {
      at += 1;
      value += escapes[text[at]!] ?? text[at]!;
    }
  }
  return undefined;
}

function singleQuoted(text: string, start: number): { value: string; end: number } | undefined {
  let value = "";
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "'") return { value, end: at + 1 };
    if (text[at] === "\\" && text[at + 1] === "'") at += 1;
    value += text[at];
  }
  return undefined;
}
