/** Reads the part of YAML that our examples are written in: maps, lists of maps, scalars and lists in brackets, comments on lines of their own. */
export function parseSimpleYaml(text: string): unknown {
  const lines = text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
    // An item of a list becomes a line of its own, so that what follows its dash is indented like the rest of its map.
    .flatMap((line) => {
      const item = /^( *)- (.*)$/.exec(line);
      return item === null ? [line] : [`${item[1]}-`, `${item[1]}  ${item[2]}`];
    });
  let at = 0;

  const indent = (): number => (at < lines.length ? lines[at]!.search(/\S/) : -1);

  function block(depth: number): unknown {
    return lines[at]!.trim() === "-" ? list(depth) : map(depth);
  }

  function list(depth: number): unknown[] {
    const items: unknown[] = [];
    while (indent() === depth && lines[at]!.trim() === "-") {
      at++;
      items.push(block(indent()));
    }
    return items;
  }

  function map(depth: number): Record<string, unknown> {
    const entries: Record<string, unknown> = {};
    while (indent() === depth) {
      const entry = /^ *([A-Za-z]+):(?: (.+))?$/.exec(lines[at]!);
      if (entry === null) throw new Error(`Not of the simple kind: ${lines[at]}`);
      at++;
      const [, key, value] = entry as unknown as [string, string, string | undefined];
      if (key in entries) throw new Error(`Twice: ${key}`);
      entries[key] = value === undefined ? block(indent()) : scalar(value);
    }
    return entries;
  }

  const document = block(0);
  if (at < lines.length) throw new Error(`Wrong indentation: ${lines[at]}`);
  return document;
}

function scalar(text: string): unknown {
  return /^["[]|^\d+$/.test(text) ? (JSON.parse(text) as unknown) : text;
}
