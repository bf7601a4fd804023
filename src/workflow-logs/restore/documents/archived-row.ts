import { ObjectScanner } from "../../../stores/elasticsearch/documents/object-scanner.ts";
import { DocumentFields, DocumentShapes } from "./document-fields.ts";

/** A document taken apart: what each column held, and the offload rows that travelled with it. */
export interface ArchivedRow {
  readonly id: string;
  /** The `_source` it was read from. */
  readonly source: Buffer;
  /** Its members, `archive` among them. */
  readonly fields: DocumentFields;
  readonly offloads: readonly OffloadRow[];
}

/** Every column as the text PostgreSQL printed. */
export interface OffloadRow {
  readonly id: string;
  readonly columns: ReadonlyMap<string, string | null>;
}

/** A document that is not as the program writes them. */
export class UnreadableDocument extends Error {}

/** Members of an archived offload row that are no columns of it. */
const notColumns = new Set(["file"]);

/** The member of a document that is no column. */
export const archiveMember = "archive";

/** Takes documents apart; those of one form share their shape. */
export class ArchivedRows {
  private readonly shapes = new DocumentShapes();
  private readonly archiveShapes = new DocumentShapes();

  /** @throws UnreadableDocument */
  read(id: string, source: Buffer): ArchivedRow {
    const scanner = new ObjectScanner(source);
    const places = scanner.scan(0);
    const fields = new DocumentFields(this.shapes.of(source, places), source, places);
    if (fields.get("id") !== id) throw new UnreadableDocument("its field id is not its _id");
    return { id, source, fields, offloads: this.offloadsOf(id, fields, scanner) };
  }

  private offloadsOf(id: string, fields: DocumentFields, scanner: ObjectScanner): OffloadRow[] {
    const { shape, source } = fields;
    const position = shape.positionOf(archiveMember);
    if (position === undefined) return [];
    const start = fields.start(position);
    if (source[start] !== openBrace) return [];
    const places = scanner.scan(start);
    const archive = new DocumentFields(this.archiveShapes.of(source, places), source, places);
    const offloads = archive.get("offloads") ?? [];
    if (!Array.isArray(offloads)) throw new UnreadableDocument("archive.offloads is no array");
    return offloads.map((offload) => offloadRow(id, offload));
  }
}

const openBrace = 0x7b;

function offloadRow(nodeId: string, offload: unknown): OffloadRow {
  if (typeof offload !== "object" || offload === null) throw new UnreadableDocument("an offload row is no object");
  const columns = new Map<string, string | null>();
  for (const [name, value] of Object.entries(offload as Record<string, unknown>)) {
    if (notColumns.has(name)) continue;
    if (value !== null && typeof value !== "string") throw new UnreadableDocument(`offload column ${name} is no text`);
    columns.set(name, value);
  }
  const id = columns.get("id");
  if (id == null) throw new UnreadableDocument("an offload row has no id");
  if (columns.get("node_execution_id") !== nodeId)
    throw new UnreadableDocument("an offload row belongs to another node execution");
  return { id, columns };
}
