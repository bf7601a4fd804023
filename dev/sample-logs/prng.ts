/** A seeded source of numbers: the same seed gives the same sequence on every machine. */
export interface Prng {
  /** In [0, 2^32). */
  uint32(): number;
  /** In [0, 1). */
  float(): number;
  /** In [min, max], both included. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Log-normal with this median; sigma is the deviation of the logarithm. */
  logNormal(median: number, sigma: number): number;
}

export function createPrng(seed: string): Prng {
  const uint32 = sfc32(seed);
  const float = () => uint32() / 0x1_0000_0000;
  return {
    uint32,
    float,
    integer: (min, max) => min + Math.floor(float() * (max - min + 1)),
    chance: (probability) => float() < probability,
    pick: (list) => {
      const item = list[Math.floor(float() * list.length)];
      if (item === undefined) throw new RangeError("pick from an empty list");
      return item;
    },
    logNormal: (median, sigma) => {
      const normal = Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float());
      return median * Math.exp(sigma * normal);
    },
  };
}

/** Chris Doty-Humphrey's Small Fast Counting generator (PractRand), seeded with an FNV-1a hash of the text. */
function sfc32(seed: string): () => number {
  let [a, b, c] = [hash(seed, 0x811c9dc5), hash(seed, 0x01000193), hash(seed, 0x9e3779b9)];
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

function hash(text: string, basis: number): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}
