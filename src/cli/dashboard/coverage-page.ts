import type { StatusReport } from "../../workflow-logs/status.ts";
import type { DataType } from "../../workflow-logs/partitions/log-types.ts";

export interface CoverageQuery {
  readonly dataType: DataType;
  /** A part of a tenant's id. */
  readonly tenant: string;
  /** Only tenants with a month in this state. */
  readonly state?: string | undefined;
  readonly from: number;
  readonly limit: number;
  /** How many of the newest months are passed over. */
  readonly monthsBack: number;
  readonly months: number;
}

/** A month of one tenant. Null rows were not counted. */
export type CoverageCell = readonly [state: string, sourceRows: number | null, targetDocuments: number];

export interface CoveragePage {
  readonly dataType: DataType;
  readonly counts: StatusReport["counts"];
  /** The newest first. */
  readonly months: readonly string[];
  readonly monthsInAll: number;
  readonly tenantsFound: number;
  readonly tenantsInAll: number;
  readonly from: number;
  readonly rows: readonly { readonly tenantId: string; readonly cells: readonly (CoverageCell | null)[] }[];
  /** Months of this data type by state, of all tenants. */
  readonly byState: Readonly<Record<string, number>>;
}

/** What is known of one data type: counted once, looked at page by page. */
interface TypeCoverage {
  readonly cells: ReadonlyMap<string, ReadonlyMap<string, CoverageCell>>;
  readonly tenants: readonly string[];
  /** The newest first. */
  readonly months: readonly string[];
  readonly byState: Readonly<Record<string, number>>;
}

/** Coverage as the heat map looks it up. */
export class CoverageIndex {
  private readonly types: ReadonlyMap<DataType, TypeCoverage>;
  private readonly counts: StatusReport["counts"];

  constructor({ coverage, counts }: Pick<StatusReport, "coverage" | "counts">) {
    this.counts = counts;
    const byType = Map.groupBy(coverage, ({ dataType }) => dataType);
    this.types = new Map([...byType].map(([dataType, rows]) => [dataType, coverageOf(rows)]));
  }

  /** At most `limit` tenants and `months` months, however many there are. */
  page({ dataType, tenant, state, from, limit, monthsBack, months: most }: CoverageQuery): CoveragePage {
    const { cells, tenants, months: known, byState } = this.types.get(dataType) ?? coverageOf([]);
    const part = tenant.toLowerCase();
    const found = tenants.filter(
      (id) => id.includes(part) && (state === undefined || [...cells.get(id)!.values()].some(([its]) => its === state)),
    );
    const months = known.slice(monthsBack, monthsBack + most);
    return {
      dataType,
      counts: this.counts,
      months,
      monthsInAll: known.length,
      tenantsFound: found.length,
      tenantsInAll: tenants.length,
      from,
      rows: found.slice(from, from + limit).map((tenantId) => ({
        tenantId,
        cells: months.map((month) => cells.get(tenantId)!.get(month) ?? null),
      })),
      byState,
    };
  }
}

function coverageOf(rows: StatusReport["coverage"]): TypeCoverage {
  const cells = new Map<string, Map<string, CoverageCell>>();
  const months = new Set<string>();
  const byState: Record<string, number> = {};
  for (const { tenantId, month, state, sourceRows, targetDocuments } of rows) {
    getOrSet(cells, tenantId, () => new Map<string, CoverageCell>()).set(month, [state, sourceRows, targetDocuments]);
    months.add(month);
    byState[state] = (byState[state] ?? 0) + 1;
  }
  return { cells, tenants: [...cells.keys()].toSorted(), months: [...months].toSorted().toReversed(), byState };
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
