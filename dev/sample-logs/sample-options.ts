import type { SchemaVersion } from "./schema.ts";

export interface SampleOptions {
  schema: SchemaVersion;
  seed: number;
  /** Ordinary node executions, exactly; hostile rows come on top. There is about one run for every seven. */
  nodeExecutions: number;
  tenants: number;
  months: number;
  /** `YYYY-MM` */
  firstMonth: string;
  /** Size of the graph copied into every run; Dify's own templates have 3.5 to 83 KB. */
  graphBytes: number;
  /** Adds every case of hostile/cases.ts. */
  hostile: boolean;
  /** Adds the hostile rows of 6 and 20 MB. */
  hugeRows: boolean;
  /** Adds rows whose created_at has no month (infinity, before Christ, after 9999). */
  unarchivable: boolean;
}

export const defaultSampleOptions: SampleOptions = {
  schema: "1.16",
  seed: 1,
  nodeExecutions: 10_000,
  tenants: 5,
  months: 3,
  firstMonth: "2025-09",
  graphBytes: 4_000,
  hostile: false,
  hugeRows: false,
  unarchivable: false,
};
