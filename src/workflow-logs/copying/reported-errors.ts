import type { DataType } from "../partitions/log-types.ts";

export interface ReportedError {
  readonly dataType: DataType;
  readonly tenantId: string;
  readonly id: string;
  readonly type: string;
  readonly message: string;
}

/** The record errors of a run: how many of each type, and the first few. */
export interface ReportedErrors {
  total: number;
  readonly byType: Record<string, number>;
  readonly first: ReportedError[];
}
