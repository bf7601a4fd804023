import { createCorpus } from "./corpus.ts";
import { hostileStories } from "./hostile/cases.ts";
import { uuidV4 } from "./ids.ts";
import { pickPen } from "./pen.ts";
import { type App, createPlatform, type Tenant } from "./platform.ts";
import { createPrng } from "./prng.ts";
import { tellRun } from "./run.ts";
import type { SampleOptions } from "./sample-options.ts";
import { tellSingleStep } from "./single-step.ts";
import type { Story } from "./story.ts";
import { createTimeline } from "./timeline.ts";

/** All rows for these options, the same for the same options on every machine, in constant memory. */
export function* sampleStories(options: SampleOptions): Generator<Story> {
  const prng = createPrng(`${options.seed}/runs`);
  const corpus = createCorpus(options.seed);
  const platform = createPlatform(options, corpus);
  yield { rows: [...platform.rows], blobs: [] };

  const nextMoment = createTimeline(prng, options.firstMonth, options.months);
  let tenant: Tenant | undefined;
  let app: App | undefined;
  for (let written = 0; written < options.nodeExecutions;) {
    const moment = nextMoment(written / options.nodeExecutions);
    if (!moment.crowded || !tenant || !app) {
      tenant = platform.pickTenant(prng);
      app = moment.border ? tenant.apps[0] : prng.pick(tenant.apps);
      if (!app) throw new RangeError("A tenant needs at least one app.");
    }
    const release = prng.chance(0.1) ? app.draft : prng.pick(app.released);
    const scene = {
      version: options.schema,
      tenant,
      app,
      release,
      pen: pickPen(prng, corpus),
      ids: {
        tenantId: tenant.id,
        appId: app.id,
        workflowId: release.workflowId,
        runId: uuidV4(prng),
        userId: prng.pick(tenant.endUsers),
      },
      ...moment,
    };
    const story = prng.chance(0.03) ? tellSingleStep(scene) : tellRun(scene, options.nodeExecutions - written);
    written += story.rows.filter(({ table }) => table === "workflow_node_executions").length;
    yield story;
  }
  yield* hostileStories(options);
}
