import type { Column } from "../../../stores/postgres/table.ts";

/**
 * The rows by which of the columns they have: a column that a row lacks is left to the table's default. Usually one
 * group.
 */
export function groupByColumns<Row, C extends Column>(
  rows: readonly Row[],
  columns: readonly C[],
  fieldsOf: (row: Row) => ReadonlyMap<string, unknown>,
): { columns: C[]; rows: Row[] }[] {
  const groups = new Map<string, { columns: C[]; rows: Row[] }>();
  for (const row of rows) {
    const fields = fieldsOf(row);
    const had = columns.filter(({ name }) => fields.has(name));
    const key = JSON.stringify(had.map(({ name }) => name));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { columns: had, rows: [row] });
    else group.rows.push(row);
  }
  return [...groups.values()];
}
