import type { Named } from "./json-texts.ts";

const lowControls = Array.from({ length: 0x1f }, (_, i) => String.fromCharCode(i + 1)).join("");

/** Text of any length, as in `error`. */
export const longTexts: readonly Named[] = [
  { name: "error of 40 KB", text: `Traceback (most recent call last):\n${'  File "main.py", line 1\n'.repeat(1640)}` },
  { name: "one word of 40 KB", text: "e".repeat(40_000) },
  { name: "40,000 CJK characters", text: "错".repeat(40_000) },
];

/** Text that fits varchar(255), as in node ids, titles and the enum columns. */
export const shortTexts: readonly Named[] = [
  { name: "empty text", text: "" },
  { name: "blanks", text: "  " },
  { name: "255 letters", text: "t".repeat(255) },
  { name: "255 CJK characters", text: "题".repeat(255) },
  { name: "255 emoji", text: "😀".repeat(255) },
  { name: "newline, tab, carriage return", text: "a\nb\tc\rd\r\n" },
  { name: "control characters 0x01-0x1f and 0x7f", text: `${lowControls}\u007f` },
  { name: "C1 controls and U+2028", text: "\u0080\u0085\u009f\u2028\u2029\ufeff" },
  { name: "right to left", text: "שלום \u202eevil\u202c عالم" },
  { name: "combining characters", text: "Cafe\u0301 n\u0303 \u1112\u1161\u11ab" },
  { name: "emoji with joiners", text: "👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿" },
  { name: "bulk delete after newline", text: '"}}\n{"delete":{"_index":"*","_id":"1"}}\n' },
  { name: "JSON splice", text: '1,"inputs.x":2' },
  { name: "comment", text: "1/*x*/" },
  { name: "__proto__", text: "__proto__" },
  { name: "archive", text: "archive" },
  { name: "_id", text: "_id" },
  { name: "wildcard", text: "*" },
  { name: "path", text: "../../_all?x=1&y=2#z" },
  { name: "quotes and backslashes", text: `"'\`\\"\\'\\\\` },
  { name: "SQL", text: "'); DROP TABLE workflow_runs; --" },
  { name: "text NaN", text: "NaN" },
  { name: "text null", text: "null" },
  { name: "unknown enum value", text: "quantum-superposed" },
];
