/**
 * What a platform's monitoring pages show of an app's runs, of every status, by local day; days without runs are left
 * out. Oldest day first.
 */
export interface RunStatistics {
  getDailyRunsStatistics(query: StatisticsQuery): Promise<{ date: string; runs: number }[]>;

  /** Distinct users (created_by), exactly. */
  getDailyTerminalsStatistics(query: StatisticsQuery): Promise<{ date: string; terminalCount: number }[]>;

  /** Exact also beyond 2^53. */
  getDailyTokenCostStatistics(query: StatisticsQuery): Promise<{ date: string; tokenCount: bigint }[]>;

  /** Runs for each user of the day on average, two decimals, half a hundredth rounded away from zero. */
  getAverageAppInteractionStatistics(query: StatisticsQuery): Promise<{ date: string; interactions: number }[]>;
}

export interface StatisticsQuery {
  readonly tenantId: string;
  readonly appId: string;
  readonly triggeredFrom: string | readonly string[];
  /** Inclusive. */
  readonly startDate?: string | undefined;
  /** Exclusive. */
  readonly endDate?: string | undefined;
  /** The zone of the days, such as `Asia/Shanghai`; UTC when left out. */
  readonly timezone?: string | undefined;
}
