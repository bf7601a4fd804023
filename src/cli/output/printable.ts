// Controls, line separators, and the marks that reorder text: an id or a message from the data could repaint the
// terminal with them.
const unprintable = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Text from the data made safe for a terminal; tabs and line feeds stay. */
export function printable(text: string): string {
  return text.replace(unprintable, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
