/**
 * How far before a checkpoint rows are listed again, as a PostgreSQL interval. A transaction that takes long commits
 * rows whose created_at lies before rows that were copied already; one that takes longer than this is found by validate
 * only.
 */
export const overlapWindow = "2 hours";
