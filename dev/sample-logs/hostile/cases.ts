import { createCorpus } from "../corpus.ts";
import { createPlatform, type Platform } from "../platform.ts";
import { defaultSampleOptions, type SampleOptions } from "../sample-options.ts";
import type { Story } from "../story.ts";
import { tablesOf } from "../tables.ts";
import { formatMicros, monthStart, second } from "../timestamps.ts";
import { columnCases, type HostileCase, hugeCases, unarchivableCases } from "./column-cases.ts";
import { linkCases, offloadCases } from "./link-cases.ts";
import type { Place } from "./ordinary-rows.ts";

export type { HostileCase } from "./column-cases.ts";

/**
 * The hostile rows that `generateSampleLogs` writes for the same options, each with a unique name, so that a test can
 * compare what arrived and say which one did not. One at a time, since some have 20 MB.
 */
export function* hostileCases(given: Partial<SampleOptions>): Generator<HostileCase> {
  const options = { ...defaultSampleOptions, ...given };
  if (!options.hostile && !options.unarchivable) return;
  const place = placeOf(options, createPlatform(options, createCorpus(options.seed)));
  if (options.hostile) {
    yield* linkCases(place);
    if (tablesOf(options.schema).includes("workflow_node_execution_offload")) yield* offloadCases(place);
    yield* columnCases(place);
    if (options.hugeRows) yield* hugeCases(place);
  }
  if (options.unarchivable) yield* unarchivableCases(place);
}

export function* hostileStories(options: SampleOptions): Generator<Story> {
  for (const hostileCase of hostileCases(options)) {
    yield { rows: [hostileCase], blobs: hostileCase.blob ? [hostileCase.blob] : [] };
  }
}

function placeOf(options: SampleOptions, platform: Platform): Place {
  const tenant = platform.tenants[0];
  const app = tenant?.apps[0];
  if (!tenant || !app) throw new RangeError("Hostile rows need a tenant to live in.");
  return {
    seed: options.seed,
    tenantId: tenant.id,
    appId: app.id,
    workflowId: app.draft.workflowId,
    accountId: tenant.accounts[0] ?? tenant.id,
    // One instant for all of them: their order is the order of their ids.
    createdAt: formatMicros(monthStart(options.firstMonth, 0) + 10 * 86_400 * second + 123_456),
  };
}
