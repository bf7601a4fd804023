import type { Comparison, StoreAdapter } from "./adapter.ts";
import { Digest } from "./frames.ts";
import type { Section } from "./manifest.ts";
import type { BackupPlace } from "./place.ts";
import { readPart } from "./read-parts.ts";

/** What the store has, beside what the backup has. */
export async function compareSection(
  adapter: StoreAdapter,
  section: Section,
  place: BackupPlace,
  id: string,
  signal: AbortSignal,
): Promise<Comparison> {
  return adapter.compare === undefined
    ? byDigest(adapter, section, signal)
    : byRecord(adapter, section, place, id, signal);
}

/**
 * Everything is read from the store as a backup reads it. The digest says whether it is the same, and counts what is
 * more or less.
 */
async function byDigest(adapter: StoreAdapter, section: Section, signal: AbortSignal): Promise<Comparison> {
  const digest = new Digest();
  let records = 0;
  if ((await adapter.count(section)) > 0)
    for await (const batch of adapter.read(section, undefined, signal))
      for (const record of await batch.load(signal)) {
        digest.add(adapter.content(section, record));
        records++;
      }
  const isSame = digest.toString() === section.digest && records === section.records;
  const [missing, extra] = [Math.max(0, section.records - records), Math.max(0, records - section.records)];
  return { records, missing, extra, different: isSame || missing + extra > 0 ? 0 : 1 };
}

/** A key that was read twice while it was written has two records, of which the store holds the later one. */
async function byRecord(
  adapter: StoreAdapter,
  section: Section,
  place: BackupPlace,
  id: string,
  signal: AbortSignal,
): Promise<Comparison> {
  const missing = new Set<string>();
  const different = new Set<string>();
  for (const part of section.parts) {
    signal.throwIfAborted();
    const found = await adapter.compare!(section, await readPart(place, id, part));
    for (const key of found.missing) missing.add(key);
    for (const key of found.different) different.add(key);
    for (const key of found.equal) different.delete(key);
  }
  const records = await adapter.count(section);
  return { records, missing: missing.size, different: different.size, extra: Math.max(0, records - section.records) };
}
