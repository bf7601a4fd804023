import type { Scope } from "../partitions/scope.ts";
import type { SearchFilters } from "../search/search-filters.ts";

export interface ExportOptions {
  /** Of exactly one tenant. */
  readonly scope: Scope;
  readonly filters: SearchFilters;
  /** Words and "phrases"; empty for none. */
  readonly query: string;
  /** Made when it is not there; otherwise empty, or that of the same export, which is continued. */
  readonly folder: string;
  readonly format: "ndjson" | "csv" | "parquet";
  /** Of the whole file; within one of Parquet. */
  readonly compression: "gzip" | "zstd" | "none";
}
