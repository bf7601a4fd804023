const units = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** Bytes of a size such as 5MB, 1.5GB or 4096; a KB has 1024. Undefined when it is none or not above 0. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(b|kb|mb|gb)?$/i.exec(text);
  if (!match) return undefined;
  const unit = (match[2] ?? "b").toLowerCase() as keyof typeof units;
  const bytes = Math.floor(Number(match[1]) * units[unit]);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
