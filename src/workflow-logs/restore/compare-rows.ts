import type { PoolClient } from "pg";
import type { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { Table } from "../../stores/postgres/table.ts";
import { compareDocuments } from "../compare/compare-documents.ts";
import { hasSameColumns } from "../compare/stable-document.ts";
import type { DocumentRenderer } from "../documents/document-renderer.ts";
import type { RowLayout } from "../documents/row-layout.ts";
import { type BatchLimits, readRows } from "../rows/row-batches.ts";
import { rowsByIdQuery } from "../rows/row-query.ts";
import { archiveMember, type ArchivedRow, ArchivedRows } from "./documents/archived-row.ts";
import { localTimestamp } from "./columns/column-text.ts";

export interface RowComparison {
  readonly table: Table;
  /** Without offload rows, which are compared by themselves. */
  readonly layout: RowLayout;
  readonly renderer: DocumentRenderer;
  readonly bodies: BulkBodies;
  readonly limits: BatchLimits;
}

/** Bytes of text: the rows are taken as they come and let go, so that none has to wait for another statement. */
const allOfThem = Number.MAX_SAFE_INTEGER;

/**
 * The rows of one tenant that are in PostgreSQL under these ids, each with the columns in which it differs from its
 * document: none when it is equal.
 */
export async function compareRows(
  client: PoolClient,
  { table, layout, renderer, bodies, limits }: RowComparison,
  tenantId: string,
  rows: ReadonlyMap<string, ArchivedRow>,
): Promise<Map<string, readonly string[]>> {
  const compared = new Map<string, readonly string[]>();
  const query = rowsByIdQuery(table, layout, { tenantId }, [...rows.keys()], allOfThem);
  await readRows({ client, layout, renderer, bodies, limits, endedStatuses: undefined }, query, ({ body, records }) => {
    for (let at = 0; at < records; at++) {
      const id = body.id(at);
      compared.set(id, differingColumns(rows.get(id)!, body.document(at), layout));
    }
    bodies.giveBack(body);
  });
  return compared;
}

function differingColumns(row: ArchivedRow, rendered: Buffer, layout: RowLayout): readonly string[] {
  const { shape } = row.fields;
  const endsWithArchive = shape.names.at(-1) === archiveMember && !shape.hasDoubledNames;
  if (endsWithArchive && hasSameColumns(rendered, row.source)) return [];
  const body = { records: 1, id: () => row.id, document: () => rendered };
  const [difference] = compareDocuments({ body }, new Map([[row.id, row.source]]));
  return difference === undefined ? [] : inSharedColumns(difference.columns, row, rendered, layout);
}

/**
 * Those columns that both the table and the document have, and in which more than a timestamp's offset differs: the
 * offset is that of SOURCE_TIME_ZONE when the row was copied, and no part of the column.
 */
function inSharedColumns(
  columns: readonly string[],
  row: ArchivedRow,
  rendered: Buffer,
  layout: RowLayout,
): readonly string[] {
  const kinds = new Map(layout.columns.map(({ name, kind }) => [name, kind]));
  const shared = columns.filter((column) => kinds.has(column) && row.fields.has(column));
  if (shared.length === 0) return [];
  const { fields } = new ArchivedRows().read(row.id, rendered);
  return shared.filter((column) => {
    const local = localText(row.fields.get(column));
    return kinds.get(column) !== "timestamp" || local === undefined || local !== localText(fields.get(column));
  });
}

function localText(value: unknown): string | undefined {
  return typeof value === "string" ? localTimestamp(value) : undefined;
}
