import type { DataType } from "../../partitions/log-types.ts";

/** A row that is written into both stores. */
export interface RowName {
  readonly dataType: DataType;
  readonly tenantId: string;
  readonly id: string;
}

export function rowKey({ dataType, id }: Omit<RowName, "tenantId">): string {
  return `${dataType}/${id}`;
}
