import { CopyLines } from "../../../stores/postgres/copy/copy-lines.ts";
import type { InsertColumn } from "../../../stores/postgres/insert-columns.ts";
import { columnKind, type ColumnKind } from "../../documents/column-writers.ts";
import { columnText } from "../columns/column-text.ts";
import { archiveMember, type ArchivedRow, UnreadableDocument } from "./archived-row.ts";
import type { DocumentFields, DocumentShape } from "./document-fields.ts";

/** Which columns documents of one shape give values for. */
export interface ShapePlan {
  readonly columns: readonly InsertColumn[];
  /** Positions of members that are no columns of the table. */
  readonly unknown: readonly number[];
  readonly fields: readonly { readonly position: number; readonly kind: ColumnKind; readonly column: InsertColumn }[];
}

/** A row with its line for COPY. */
export interface RowWithLine extends ArchivedRow {
  readonly plan: ShapePlan;
  /** Its values for the plan's columns. */
  readonly line: Buffer;
}

/** Makes lines for COPY of documents, from bytes to bytes. */
export class RowLines {
  private readonly table: string;
  private readonly columns: readonly InsertColumn[];
  private readonly names: ReadonlySet<string>;
  private readonly plans = new WeakMap<DocumentShape, ShapePlan>();
  private readonly lines = new CopyLines();

  /** `columns` are those that an INSERT gives values for, `names` those of all columns of the table. */
  constructor(table: string, columns: readonly InsertColumn[], names: readonly string[]) {
    this.table = table;
    this.columns = columns;
    this.names = new Set([...names, archiveMember]);
  }

  /** @throws UnreadableDocument naming a value that is not of its column's type, or that no column would take */
  of(row: ArchivedRow): RowWithLine {
    const plan = this.planOf(row.fields.shape);
    for (const position of plan.unknown) {
      if (row.fields.isNull(position)) continue;
      throw new UnreadableDocument(`${this.table} has no column ${row.fields.shape.names[position]}`);
    }
    for (const { position, kind, column } of plan.fields) {
      if (this.write(row.fields, position, kind)) continue;
      this.lines.drop();
      throw new UnreadableDocument(`${column.name} is no value of the type ${column.type}`);
    }
    return { ...row, plan, line: this.lines.end() };
  }

  /** False when the program would never have written such a value for a column of this kind. */
  private write(fields: DocumentFields, position: number, kind: ColumnKind): boolean {
    if (fields.isNull(position)) this.lines.null();
    else if (kind !== "text") {
      const text = columnText(kind, fields.at(position));
      if (text == null) return false;
      this.lines.ascii(text);
    } else if (fields.isString(position))
      this.lines.jsonString(fields.source, fields.start(position) + 1, fields.end(position) - 1);
    else return false;
    return true;
  }

  private planOf(shape: DocumentShape): ShapePlan {
    let plan = this.plans.get(shape);
    if (plan === undefined) {
      const fields = this.columns.flatMap((column) => {
        const position = shape.positionOf(column.name);
        return position === undefined ? [] : [{ position, kind: columnKind(column.type).kind, column }];
      });
      const unknown = shape.names.flatMap((name, position) => (this.names.has(name) ? [] : [position]));
      plan = { columns: fields.map(({ column }) => column), unknown, fields };
      this.plans.set(shape, plan);
    }
    return plan;
  }
}
