import type { Corpus, Encoding } from "./corpus.ts";
import type { Prng } from "./prng.ts";

/**
 * One of Dify's two writers at work on one run: they differ in escapes, in NULL against "{}", and in how prices look.
 */
export interface Pen {
  prng: Prng;
  encoding: Encoding;
  /** What the writer puts where there is nothing. */
  nothing: null | "{}";
  /** A price in `execution_metadata`: text from the SQL repository, a number from the Celery one. */
  price(amount: string): string;
  /** About `bytes` bytes of the inside of a JSON string. */
  text(bytes: number): string;
  /** The same as it is read. */
  plain(bytes: number): string;
}

export function pickPen(prng: Prng, corpus: Corpus): Pen {
  const celery = prng.chance(0.35);
  const encoding = celery ? "raw" : "escaped";
  const language = prng.chance(0.3) ? "cjk" : "latin";
  const text = (bytes: number) => corpus.text(prng, language, encoding, bytes);
  return {
    prng,
    encoding,
    nothing: celery ? "{}" : null,
    price: (amount) => (celery ? String(Number(amount)) : `"${amount}"`),
    text,
    plain: (bytes) => JSON.parse(`"${text(bytes)}"`) as string,
  };
}
