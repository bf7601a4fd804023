/** A part of the logs, for reads that put the answers of two stores together. Nothing is saved or deleted in a part. */
export interface Part {
  /** Only logs created in these months, `YYYY-MM`; undefined is any. */
  readonly months?: readonly string[] | undefined;
  /** Without the logs that have one of these ids. */
  readonly withoutIds?: readonly string[] | undefined;
  readonly withoutTenants?: readonly string[] | undefined;
}

export interface Partly {
  readonly part?: Part | undefined;
}
