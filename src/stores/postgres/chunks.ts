/**
 * Rows of one INSERT: with the widest of our tables still far below the 65,535 parameters that a statement may have.
 */
const rowsPerStatement = 5000;

export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += rowsPerStatement) yield rows.slice(at, at + rowsPerStatement);
}
