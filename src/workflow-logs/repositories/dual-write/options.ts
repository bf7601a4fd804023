import type { Logger, ShadowOptions } from "./reads/shadow-reads.ts";

export interface DualWriteOptions {
  /** How often it is looked up where each tenant is written and read. */
  readonly pollMillis: number;
  /** Rows on their way to Elasticsearch; what comes beyond becomes a dirty row at once. */
  readonly queueCapacity: number;
  /** What one request of a second write may take. */
  readonly budgetMillis: number;
  /** What `close` waits for the queue. */
  readonly closeMillis: number;
  readonly shadow: ShadowOptions;
  /** Told of answers that differ. */
  readonly logger?: Logger | undefined;
}

/** What is left out is as in `dualWriteDefaults`. */
export interface GivenOptions extends Partial<Omit<DualWriteOptions, "shadow">> {
  readonly shadow?: Partial<ShadowOptions>;
}

export const dualWriteDefaults: DualWriteOptions = {
  pollMillis: 1000,
  queueCapacity: 10_000,
  budgetMillis: 5000,
  closeMillis: 10_000,
  shadow: { share: 0.05, concurrency: 4, timeoutMillis: 5000, pauseMillis: 2000 },
};

export function withDefaults(given: GivenOptions): DualWriteOptions {
  return { ...dualWriteDefaults, ...given, shadow: { ...dualWriteDefaults.shadow, ...given.shadow } };
}
