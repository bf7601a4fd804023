import { unpacked, sha256 } from "./frames.ts";
import { damaged, type Part } from "./manifest.ts";
import type { BackupPlace } from "./place.ts";

/**
 * The records of one part, looked at whole: its file, its size, its SHA-256 and how many records. @throws AppError
 * backup_damaged
 */
export async function readPart(place: BackupPlace, id: string, part: Part): Promise<Buffer[]> {
  const file = `${id}/${part.file}`;
  const content = await place.load(file);
  if (content === undefined) throw damaged(`${file} is missing`);
  if (content.length !== part.bytes) throw damaged(`${file} has ${content.length} bytes, and had ${part.bytes}`);
  if (sha256(content) !== part.sha256) throw damaged(`${file} has another SHA-256 than it had`);
  const records = await unpacked(file, content);
  if (records.length !== part.records) throw damaged(`${file} has ${records.length} records, and had ${part.records}`);
  return records;
}
