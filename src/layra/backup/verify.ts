import { AppError } from "../../engine/errors.ts";
import { sideBySide } from "../../engine/side-by-side.ts";
import { loadManifest, type Manifest } from "./manifest.ts";
import type { BackupPlace } from "./place.ts";
import { readPart } from "./read-parts.ts";

export interface VerifyReport {
  readonly status: "ok" | "damaged";
  readonly id: string;
  readonly place: string;
  readonly parts: number;
  readonly records: number;
  readonly bytes: number;
  /** What is wrong with which file; `total` of them, the first ones here. */
  readonly damage: { readonly total: number; readonly first: readonly string[] };
  readonly dangling: Manifest["dangling"];
}

const atOnce = 4;
const mostShown = 20;

/** Reads every file of a backup back and compares it with the manifest. Names all that is missing or damaged. */
export async function verifyBackup(place: BackupPlace, id: string, signal: AbortSignal): Promise<VerifyReport> {
  const damage: string[] = [];
  let manifest: Manifest;
  try {
    manifest = await loadManifest(place, id);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "backup_damaged") throw error;
    const first = [error.message];
    return {
      status: "damaged",
      id,
      place: place.name,
      parts: 0,
      records: 0,
      bytes: 0,
      damage: { total: 1, first },
      dangling: { total: 0, first: [] },
    };
  }
  const parts = manifest.sections.flatMap((section) => section.parts);
  await sideBySide(parts, atOnce, async (part) => {
    signal.throwIfAborted();
    try {
      await readPart(place, id, part);
    } catch (error) {
      if (!(error instanceof AppError) || !["backup_damaged", "damaged_part"].includes(error.code)) throw error;
      damage.push(error.message);
    }
  });
  return {
    status: damage.length === 0 ? "ok" : "damaged",
    id,
    place: place.name,
    parts: parts.length,
    records: parts.reduce((sum, { records }) => sum + records, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    damage: { total: damage.length, first: damage.toSorted().slice(0, mostShown) },
    dangling: manifest.dangling,
  };
}
