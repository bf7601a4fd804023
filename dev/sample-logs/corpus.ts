import { createPrng, type Prng } from "./prng.ts";

/**
 * How a writer of Dify puts text into JSON: the SQL repository escapes everything beyond ASCII, the Celery one does
 * not.
 */
export type Encoding = "escaped" | "raw";
export type Language = "latin" | "cjk";

/** Text as the inside of a JSON string. Slices of one big string cost nothing, however long they are. */
export interface Corpus {
  /** Whole sentences of about `bytes` bytes (UTF-8), without the quotation marks. */
  text(prng: Prng, language: Language, encoding: Encoding, bytes: number): string;
}

const words = (
  "the order customer invoice of a shipped status please summarise return refund policy within days model answer " +
  "context retrieved document section account page error timeout retry request response token price currency result " +
  "list field value missing expected number price weekly report draft approve reject meeting notes translate into " +
  "German café naïve Größe señor façade contract clause party shall deliver goods warehouse Zürich São user agent"
).split(" ");
const phrases = (
  "你好 请问 订单 已经 发货 了吗 客户 反馈 非常 满意 知识库 检索 结果 显示 合同 第三条 规定 退款 政策 七天 无理由 " +
  "系统 繁忙 请稍后 再试 模型 输出 内容 如下 总结 会议 纪要 翻译 成 英文 数据 表格 金额 人民币 上海 北京 北海道 こんにちは 注文 안녕하세요 主文"
).split(" ");
const endings: Record<Language, readonly string[]> = {
  latin: [". ", ". ", "? ", ".\n", ':\n\t- "', '" -> {"k": [1, 2]}\n', " \\d+ C:\\temp\\run ", "! 🚀 ", " — 10 €. "],
  cjk: ["。", "。", "？", "！\n", "：“", "”。", " 🎉", "（见 https://example.com/路径?a=1&b=2）", "，\n\n"],
};
const sentences = 4000;

interface Writing {
  text: string;
  /** Where each sentence starts in `text`, and the bytes before it; one more entry for the end. */
  starts: number[];
  bytes: number[];
}

export function createCorpus(seed: number): Corpus {
  const prng = createPrng(`${seed}/corpus`);
  const latin = Array.from({ length: sentences }, () => sentence(prng, words, " ", "latin"));
  const cjk = Array.from({ length: sentences }, () => sentence(prng, phrases, "", "cjk"));
  const writings: Record<Language, Record<Encoding, Writing>> = {
    latin: { escaped: write(latin, escapeJson), raw: write(latin, rawJson) },
    cjk: { escaped: write(cjk, escapeJson), raw: write(cjk, rawJson) },
  };
  return {
    text: (random, language, encoding, bytes) => slice(writings[language][encoding], random, bytes),
  };
}

function sentence(prng: Prng, vocabulary: readonly string[], separator: string, language: Language): string {
  const length = prng.integer(4, 14);
  return Array.from({ length }, () => prng.pick(vocabulary)).join(separator) + prng.pick(endings[language]);
}

function write(list: readonly string[], encode: (text: string) => string): Writing {
  const writing: Writing = { text: "", starts: [0], bytes: [0] };
  const encoded = list.map(encode);
  let [start, bytes] = [0, 0];
  for (const part of encoded) {
    start += part.length;
    bytes += Buffer.byteLength(part);
    writing.starts.push(start);
    writing.bytes.push(bytes);
  }
  writing.text = encoded.join("");
  return writing;
}

function slice(writing: Writing, prng: Prng, bytes: number): string {
  const total = writing.bytes[sentences] ?? 0;
  const half = total / 2;
  if (bytes > half) return slice(writing, prng, half) + slice(writing, prng, bytes - half);
  const first = sentenceAt(writing.bytes, prng.float() * (total - bytes));
  const last = sentenceAt(writing.bytes, (writing.bytes[first] ?? 0) + bytes);
  return writing.text.slice(writing.starts[first], writing.starts[Math.max(first + 1, last)]);
}

/** The last sentence that starts at or before `offset`. */
function sentenceAt(offsets: readonly number[], offset: number): number {
  let [low, high] = [0, offsets.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function rawJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As Python's json.dumps(ensure_ascii=True). */
export function escapeJson(text: string): string {
  return rawJson(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
