import { setTimeout as sleep } from "node:timers/promises";
import { parseConfig } from "log-archive";
import { ElasticsearchMigrationService } from "./migration-service.ts";
import { millisUntil } from "./schedule.ts";

// node main.ts            cleans up once
// node main.ts 03:00      cleans up every night at that time (UTC), until it is stopped

const retentionDays = Number(process.env["RETENTION_DAYS"] ?? 30);
const [time] = process.argv.slice(2);
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopped.abort());

async function cleanUpAll(): Promise<void> {
  const service = await ElasticsearchMigrationService.open(parseConfig(process.env));
  try {
    for (const tenantId of await service.getAllTenantIds()) {
      const deleted = await service.cleanUp(tenantId, retentionDays);
      console.log(`${tenantId}: ${deleted.length === 0 ? "nothing due" : deleted.join(", ")}`);
    }
  } finally {
    await service.close();
  }
}

/** False when it was stopped meanwhile. */
async function untilTime(next: string): Promise<boolean> {
  const wait = millisUntil(next, new Date());
  console.log(`Next clean-up in ${Math.ceil(wait / 60_000)} minutes`);
  await sleep(wait, undefined, { signal: stopped.signal }).catch(() => {}); // stopped
  return !stopped.signal.aborted;
}

if (time === undefined) await cleanUpAll();
else while (await untilTime(time)) await cleanUpAll();
