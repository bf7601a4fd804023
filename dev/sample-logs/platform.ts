import type { Corpus } from "./corpus.ts";
import { uuidV4 } from "./ids.ts";
import { createPrng, type Prng } from "./prng.ts";
import type { SampleOptions } from "./sample-options.ts";
import type { TableRow } from "./tables.ts";
import { formatMicros, type Micros, monthStart, second } from "./timestamps.ts";
import { createDesigns, type WorkflowDesign } from "./workflow-design.ts";

export interface App {
  id: string;
  design: WorkflowDesign;
  /** What the debugger runs. */
  draft: WorkflowVersion;
  /** What users run. */
  released: readonly WorkflowVersion[];
  /** The conversation a chat goes on with. */
  conversationId: string | undefined;
  draftVariables: number;
}

export interface WorkflowVersion {
  workflowId: string;
  /** `draft`, or when it was published. */
  version: string;
}

export interface Tenant {
  id: string;
  accounts: readonly string[];
  endUsers: readonly string[];
  apps: readonly App[];
}

/** The workspaces whose logs are written, and how often each of them is at work. */
export interface Platform {
  tenants: readonly Tenant[];
  pickTenant(prng: Prng): Tenant;
  rows: readonly TableRow[];
}

export function createPlatform(options: SampleOptions, corpus: Corpus): Platform {
  const prng = createPrng(`${options.seed}/platform`);
  const designs = createDesigns(prng, corpus, options.schema, options.graphBytes);
  // Everything of the platform was there before the first run.
  const start = monthStart(options.firstMonth, 0);
  const createdAt = formatMicros(start - 90 * 86_400 * second);
  const tenants = Array.from({ length: options.tenants }, () => createTenant(prng, designs, start));
  return {
    tenants,
    pickTenant: zipf(tenants),
    rows: tenants.flatMap((tenant, number) => tenantRows(tenant, number, createdAt)),
  };
}

function createTenant(prng: Prng, designs: readonly WorkflowDesign[], start: Micros): Tenant {
  const ids = (length: number) => Array.from({ length }, () => uuidV4(prng));
  return {
    id: uuidV4(prng),
    accounts: ids(3),
    endUsers: ids(12),
    apps: Array.from({ length: prng.integer(3, 6) }, (_, i) => ({
      id: uuidV4(prng),
      // Every tenant has a workflow app: without one it would have no app logs.
      design: prng.pick(i === 0 ? designs.filter(({ kind }) => kind === "workflow") : designs),
      draft: { workflowId: uuidV4(prng), version: "draft" },
      released: ids(2).map((workflowId, age) => ({
        workflowId,
        version: formatMicros(start - (age + 1) * 10 * 86_400 * second + prng.integer(1, 999_999)),
      })),
      conversationId: undefined,
      draftVariables: 0,
    })),
  };
}

/** Weights 1, 1/2, 1/3 ...: of 20 tenants the biggest has 28% of the runs. */
function zipf(tenants: readonly Tenant[]): (prng: Prng) => Tenant {
  const bounds: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= tenants.length; rank++) bounds.push((sum += 1 / rank));
  return (prng) => {
    const point = prng.float() * sum;
    const tenant = tenants[bounds.findIndex((bound) => point < bound)];
    if (!tenant) throw new RangeError("A platform needs at least one tenant.");
    return tenant;
  };
}

function tenantRows(tenant: Tenant, number: number, created_at: string): TableRow[] {
  return [
    {
      table: "tenants",
      row: { id: tenant.id, name: `Workspace ${number + 1}`, plan: "basic", status: "normal", created_at },
    },
    ...tenant.accounts.map((id, i): TableRow => ({
      table: "accounts",
      row: { id, name: `Member ${i + 1}`, email: `member${i + 1}@workspace${number + 1}.example`, created_at },
    })),
    ...tenant.endUsers.map((id, i): TableRow => ({
      table: "end_users",
      row: {
        id,
        tenant_id: tenant.id,
        app_id: tenant.apps[i % tenant.apps.length]?.id ?? null,
        type: i % 2 === 0 ? "service_api" : "browser",
        session_id: `session-${id.slice(0, 8)}`,
        created_at,
      },
    })),
  ];
}
