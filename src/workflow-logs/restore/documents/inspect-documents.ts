import { AppError } from "../../../engine/errors.ts";
import { sideBySide } from "../../../engine/side-by-side.ts";
import { type DocumentListing, listDocuments } from "../../../stores/elasticsearch/documents/list-documents.ts";
import { ObjectScanner } from "../../../stores/elasticsearch/documents/object-scanner.ts";
import { readSources } from "../../../stores/elasticsearch/documents/mget-sources.ts";
import type { Connections } from "../../connections.ts";
import { offloadTable, partitionKey } from "../../partitions/log-types.ts";
import { ColumnFacts } from "../columns/column-drift.ts";
import { utcTimestamp } from "../columns/column-text.ts";
import { isWithin } from "../is-within.ts";
import type { PlannedRestore } from "../plan-restore.ts";
import type { RestoreTable } from "../restore-tables.ts";
import { archiveMember } from "./archived-row.ts";
import { DocumentFields, type DocumentShape, DocumentShapes } from "./document-fields.ts";

export interface InspectedDocuments {
  /** Documents in range, by partition key. */
  readonly counts: ReadonlyMap<string, number>;
  /** What an operator should know of the columns, though nothing is lost. */
  readonly notes: readonly string[];
}

/**
 * Looks at the fields of every document that is to be restored, from `after` on where a partition was begun before;
 * `isAltered` says which will be refused because somebody changed it, and `onFailure` throws unless the others are to
 * be gone on with. Throws AppError when the tables as they are now could not take them all: before anything is written.
 */
export async function inspectDocuments(
  connections: Connections,
  tables: readonly RestoreTable[],
  partitions: readonly (PlannedRestore & { readonly after: string | undefined })[],
  onFailure: (partition: PlannedRestore, error: unknown) => Promise<void>,
  isAltered: (partition: PlannedRestore, id: string) => Promise<boolean>,
  beforePage: NonNullable<DocumentListing["beforePage"]>,
  signal: AbortSignal,
): Promise<InspectedDocuments> {
  const counts = new Map<string, number>();
  const problems: string[] = [];
  const notes = new Set<string>();
  for (const table of tables) {
    const facts = new TableFacts(table);
    const ofTable = partitions.filter(({ dataType }) => dataType === table.logType.dataType);
    await sideBySide(ofTable, partitionsAtOnce, async (partition, failed) => {
      let count = 0;
      const stop = AbortSignal.any([signal, failed]);
      try {
        for await (const document of documentsOf(connections, table, partition, beforePage, stop)) {
          if (count++ === 0) {
            for (const note of await newColumns(connections, table, partition, document.id)) notes.add(note);
          }
          // one that will be refused by itself must not keep all the others from coming back
          if (facts.isPlain(document)) continue;
          const fields = JSON.parse(document.source.toString("utf8")) as DocumentJson;
          const isRefused = !facts.fits(fields) && (await isAltered(partition, document.id));
          if (!isRefused) facts.note(document.id, fields);
        }
      } catch (error) {
        await onFailure(partition, error);
      }
      counts.set(partitionKey(partition), count);
    });
    problems.push(...facts.problems());
    for (const note of facts.notes()) notes.add(note);
  }
  if (problems.length === 0) return { counts, notes: [...notes] };
  throw new AppError(
    "column_drift",
    ["The tables are not as they were when the rows were archived:", ...problems].join("\n"),
    { hint: "Add the columns, or restore into tables of the platform's version of that time. Nothing was written." },
  );
}

interface InspectedDocument {
  readonly id: string;
  readonly source: Buffer;
  readonly fields: DocumentFields;
}

/** Its fields as JSON.parse reads them: numbers may have lost digits. */
type DocumentJson = Readonly<Record<string, unknown>>;

/** The server cuts the fields out of each document, which takes it a processor for each listing. */
const partitionsAtOnce = 2;

/** Facts of a log table and of the offload rows inside its documents. */
class TableFacts {
  private readonly rows: ColumnFacts;
  private readonly offloads: ColumnFacts;
  private readonly hasOffloadTable: boolean;
  private offloadRows = 0;
  private readonly plainShapes = new WeakMap<DocumentShape, readonly number[] | false>();

  constructor({ table, columns, offloads }: RestoreTable) {
    // documentsOf leaves out the others; newColumns looks at them
    const listed = columns.filter(({ notNull }) => notNull);
    this.rows = new ColumnFacts(table.name, ["archive", ...table.columns.map(({ name }) => name)], columns, listed);
    const names = offloads?.table.columns.map(({ name }) => name) ?? [];
    this.offloads = new ColumnFacts(offloadTable, [fileOfOffload, ...names], offloads?.columns ?? []);
    this.hasOffloadTable = offloads !== undefined;
  }

  /** Whether there is nothing to note of a document, nearly all of them: looked at without parsing it. */
  isPlain({ fields }: InspectedDocument): boolean {
    const { shape } = fields;
    let needed = this.plainShapes.get(shape);
    if (needed === undefined) {
      const isPlain = this.rows.isPlain(shape.names) && !shape.hasDoubledNames;
      needed = isPlain && this.rows.neededNames.map((name) => shape.positionOf(name)!);
      this.plainShapes.set(shape, needed);
    }
    return needed !== false && !needed.some((position) => fields.isNull(position)) && !mayHaveOffloads(fields);
  }

  /** Also true once another document has shown that the tables do not fit. */
  fits(fields: DocumentJson): boolean {
    if (this.problems().length > 0) return true;
    const offloads = offloadsOf(fields);
    return (
      this.rows.fits(fields) &&
      (offloads.length === 0 || this.hasOffloadTable) &&
      offloads.every((offload) => this.offloads.fits(offload))
    );
  }

  note(id: string, fields: DocumentJson): void {
    this.rows.note(id, fields);
    for (const offload of offloadsOf(fields)) {
      this.offloadRows++;
      this.offloads.note(String(offload["id"]), offload);
    }
  }

  problems(): string[] {
    if (this.hasOffloadTable || this.offloadRows === 0) return [...this.rows.problems(), ...this.offloads.problems()];
    return [
      ...this.rows.problems(),
      `There is no table ${offloadTable}, into which ${this.offloadRows} archived rows belong.`,
    ];
  }

  notes(): string[] {
    return [...this.rows.notes(), ...(this.hasOffloadTable ? this.offloads.notes() : [])];
  }
}

/** What comes of `archive` is short, unless there are offload rows in it. */
function mayHaveOffloads(fields: DocumentFields): boolean {
  const position = fields.shape.positionOf(archiveMember);
  return position !== undefined && fields.source.subarray(fields.start(position)).includes("offloads");
}

/** A document that has something else than objects there is refused by itself. */
function offloadsOf(fields: DocumentJson): Record<string, unknown>[] {
  const offloads = (fields["archive"] as { offloads?: unknown } | null | undefined)?.offloads;
  if (!Array.isArray(offloads)) return [];
  return (offloads as unknown[]).filter((offload) => typeof offload === "object" && offload !== null) as Record<
    string,
    unknown
  >[];
}

/** The member of an archived offload row that is no column of it. */
const fileOfOffload = "file";

/** Elasticsearch leaves `_source` out where nothing of it is left. */
const noFields = Buffer.from("{}");

/** What of `archive` is no offload row and may be megabytes. */
const bulkyMembers = ["archive.search_text", "archive.offload_contents"];

/** What comes back of each document is small, unless a column that must not be NULL is text of any length. */
const pageSize = 1000;
const pageSizeWithLongText = 10;
const longTypes = new Set(["text", "json", "jsonb", "bytea"]);

/**
 * The documents of the range, without the values of columns that may be NULL: they can lack nothing, and they are
 * nearly all of the bytes.
 */
async function* documentsOf(
  { elasticsearch }: Connections,
  { table, columns }: RestoreTable,
  { index, range, after }: PlannedRestore & { readonly after: string | undefined },
  beforePage: DocumentListing["beforePage"],
  signal: AbortSignal,
): AsyncGenerator<InspectedDocument> {
  const needed = new Set(["created_at", ...columns.filter(({ notNull }) => notNull).map(({ name }) => name)]);
  const unneeded = table.columns.map(({ name }) => name).filter((name) => !needed.has(name) && !name.includes("*"));
  const hasLongText = columns.some(({ name, type }) => needed.has(name) && longTypes.has(type));
  const listing = {
    after,
    pageSize: hasLongText ? pageSizeWithLongText : pageSize,
    within: range,
    beforePage,
    exclude: [...unneeded, ...bulkyMembers, `archive.offloads.${fileOfOffload}`],
  };
  const shapes = new DocumentShapes();
  for await (const page of listDocuments(elasticsearch, index.name, listing, signal)) {
    for (const { id, source = noFields } of page) {
      const places = new ObjectScanner(source).scan(0);
      const fields = new DocumentFields(shapes.of(source, places), source, places);
      const createdAt = utcTimestamp(String(fields.get("created_at")));
      if (createdAt !== undefined && isWithin(createdAt, range)) yield { id, source, fields };
    }
  }
}

/** Columns of the table that a document lacks: one of each partition tells. */
async function newColumns(
  { elasticsearch }: Connections,
  { table }: RestoreTable,
  { index }: PlannedRestore,
  id: string,
): Promise<string[]> {
  const source = (await readSources(elasticsearch, index.name, [id])).get(id);
  if (source === undefined) return [];
  const fields = JSON.parse(source.toString("utf8")) as object;
  return table.columns
    .filter(({ name, notNull }) => !Object.hasOwn(fields, name) && !notNull)
    .map(
      ({ name }) =>
        `${table.name}.${name} was added after rows were archived: they get its default, or NULL, as ADD COLUMN gives it.`,
    );
}
