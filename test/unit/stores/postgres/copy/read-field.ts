/**
 * COPY's text format read by its documentation: a backslash makes the next character special, tab ends a field, line
 * end a row.
 */
export function readField(field: string): string | null {
  if (field === "\\N") return null;
  const letters: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
  let text = "";
  for (let at = 0; at < field.length; at++) {
    const character = field[at]!;
    if ("\t\n\r".includes(character)) throw new Error(`${JSON.stringify(character)} ends the field`);
    if (character !== "\\") text += character;
    else if (/^x[0-9a-f]{2}/.test(field.slice(at + 1, at + 4))) {
      text += String.fromCharCode(Number.parseInt(field.slice(at + 2, at + 4), 16));
      at += 3;
    } else text += letters[field[++at]!] ?? field[at]!;
  }
  return text;
}
