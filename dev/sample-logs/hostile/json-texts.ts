/** A value together with what it is there to break. */
export interface Named {
  name: string;
  text: string | null;
}

const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/**
 * What a text column that should hold JSON can hold instead. Python writes NaN and Infinity; old writers wrote
 * anything.
 */
export const jsonTexts: readonly Named[] = [
  { name: "NULL", text: null },
  { name: "empty text", text: "" },
  { name: "a blank", text: " " },
  { name: "null", text: "null" },
  { name: "empty object", text: "{}" },
  { name: "empty array", text: "[]" },
  { name: "array of objects", text: '[{"a": 1}, {"a": "text"}]' },
  { name: "scalar number", text: "42" },
  { name: "scalar text", text: '"only text"' },
  { name: "scalar true", text: "true" },
  { name: "not JSON", text: "Internal Server Error <html>" },
  { name: "JSON cut off", text: '{"text": "the blob ends he' },
  { name: "Python repr", text: "{'a': None, 'b': True}" },
  { name: "NaN", text: '{"score": NaN, "list": [NaN]}' },
  { name: "Infinity", text: '{"max": Infinity, "min": -Infinity}' },
  { name: "2^53+1", text: '{"id": 9007199254740993}' },
  { name: "2^63-1", text: '{"id": 9223372036854775807, "negative": -9223372036854775808}' },
  { name: "number beyond double", text: '{"n": 1e400, "long": 123456789012345678901234567890.123456789}' },
  { name: "number spellings", text: '{"a": 1.0, "b": 1e-07, "c": -0.0, "d": 1E5, "e": 0.1000}' },
  { name: "duplicate keys", text: '{"a": 1, "a": 2, "a": {"b": 1, "b": 2}}' },
  { name: "empty key", text: '{"": 1, "a": {"": {"": 2}}}' },
  { name: "blank key", text: '{" ": 1, "\\t": 2}' },
  { name: "dotted keys", text: '{"sys.query": "q", "sys": {"query": "other"}, "sys.query.deeper": 1}' },
  { name: "leading and trailing dots", text: '{".a": 1, "b.": 2, "..": 3, ".": 4, "c..d": 5}' },
  { name: "integer keys out of order", text: '{"10": "a", "9": "b", "1": "c", "x": "d", "0": "e"}' },
  { name: "__proto__", text: '{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}, "toString": null}' },
  { name: "our own field names", text: '{"archive": {"text": "x"}, "_id": "other", "_index": "other", "_source": {}}' },
  { name: "type conflict number", text: '{"total_price": 0.0012, "value": {"inner": 1}}' },
  { name: "type conflict text", text: '{"total_price": "0.0012", "value": "inner"}' },
  { name: "depth 100", text: deep(100) },
  { name: "depth 1500", text: deep(1500) },
  { name: "array depth 1500", text: `${"[".repeat(1500)}${"]".repeat(1500)}` },
  {
    name: "3000 different keys",
    text: JSON.stringify(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`key_${i}`, i]))),
  },
  {
    name: "map with numbers as keys",
    text: '{"iteration_duration_map": {"0": 0.1, "1": 0.2, "00": 0.3}, "loop_id": null}',
  },
  { name: "NUL escape", text: '{"text": "before\\u0000after", "\\u0000": 1}' },
  {
    name: "lone surrogate escapes",
    text: '{"high": "\\ud83d", "low": "\\ude00", "swapped": "\\ude00\\ud83d", "\\ud800": 1}',
  },
  { name: "escaped CJK", text: '{"text": "\\u4f60\\u597d\\uff0c\\u4e16\\u754c", "emoji": "\\ud83d\\ude00"}' },
  { name: "escapes in capitals", text: '{"text": "\\u4F60\\u00E9\\/\\b\\f"}' },
  { name: "raw CJK", text: '{"文本": "你好，世界。𠮷野家で食べる"}' },
  { name: "raw emoji", text: '{"text": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 😀"}' },
  { name: "right to left", text: '{"text": "مرحبا بالعالم \u202eabc\u202c שלום"}' },
  {
    name: "combining characters",
    text: '{"text": "e\u0301 vs \u00e9, Z\u0351\u036b\u0343\u033b\u0326, \u1112\u1161\u11ab"}',
  },
  { name: "raw control characters inside JSON text", text: '{"text": "tab\there\nnewline\u0001\u001f\u007f"}' },
  { name: "U+2028 and U+2029", text: '{"text": "a\u2028b\u2029c"}' },
  { name: "byte order mark", text: '\ufeff{"a": 1}' },
  { name: "noncharacters", text: '{"text": "\uffff\ufffe\u{10ffff}\ufffd"}' },
  { name: "blanks around", text: ' \n\t{ "a" :\r\n 1 } \n' },
  { name: "bulk action line", text: '{"index":{"_index":"other","_id":"1"}}\n{"a":1}\n' },
  { name: "bulk delete after newline", text: '"}}\n{"delete":{"_index":"*","_id":"1"}}\n' },
  { name: "splice of a second key", text: '1,"inputs.x":2' },
  { name: "splice that ends the object", text: '1},"status":"succeeded","x":{"y":1' },
  { name: "comment", text: "1/*x*/" },
  { name: "two documents", text: '{"a":1}{"b":2}' },
  { name: "only a backslash", text: "\\" },
  { name: "COPY's own marks", text: '\\N\t\\.\n\\\\.\r\n{"a": "\\\\N"}' },
  { name: "one token of 40 KB", text: `{"token": "${"x".repeat(40_000)}"}` },
  { name: "one CJK run of 40,000", text: `{"text": "${"汉".repeat(40_000)}"}` },
];
