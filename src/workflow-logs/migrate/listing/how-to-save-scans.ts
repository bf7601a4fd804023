/**
 * The statement that makes later runs read only what is new; an index of some pages, built without holding writers up.
 */
export function createdAtIndex(table: string): string {
  return `CREATE INDEX CONCURRENTLY ON ${table} USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);`;
}

export function howToSaveScans(table: string): string {
  return `With capture (app elasticsearch capture install) later runs read only what was written; without it an index saves most of it: ${createdAtIndex(table)}`;
}
