import { AppError } from "../../engine/errors.ts";
import { nodeClocks } from "../../stores/elasticsearch/node-clocks.ts";
import { lastSweep } from "../state/retention/sweeps.ts";
import type { Connections } from "../connections.ts";

/** More than clocks that are kept in step ever differ by, and far less than any retention. */
const toleranceMillis = 5 * 60_000;

/**
 * The time of this machine. Throws AppError when a clock of PostgreSQL or Elasticsearch shows another: a wrong clock
 * would drop what is young.
 */
export async function agreedTime({ postgres, elasticsearch }: Connections): Promise<Date> {
  const before = Date.now();
  const [database, nodes] = await Promise.all([
    postgres.query<{ millis: string }>("select extract(epoch from clock_timestamp()) * 1000 as millis"),
    nodeClocks(elasticsearch),
  ]);
  const after = Date.now();
  const clocks = [
    ["PostgreSQL", Number(database.rows[0]!.millis)] as const,
    ...nodes.map((millis) => ["Elasticsearch", millis] as const),
  ];
  for (const [server, millis] of clocks) {
    if (millis >= before - toleranceMillis && millis <= after + toleranceMillis) continue;
    throw new AppError(
      "clocks_differ",
      `It is ${new Date(after).toISOString()} on this machine and ${new Date(millis).toISOString()} for ${server}.`,
      { hint: "Synchronise the clocks: they decide what is past its retention. Nothing was deleted." },
    );
  }
  return new Date(before);
}

/** Throws AppError when an earlier sweep went by a time that has not come yet. */
export async function requireLaterThanLastSweep({ state }: Connections, now: Date): Promise<void> {
  const last = await lastSweep(state);
  if (last === undefined || now.getTime() >= last.getTime() - toleranceMillis) return;
  throw new AppError(
    "clock_set_back",
    `It is ${now.toISOString()}, but an earlier sweep went by ${last.toISOString()}: a clock was wrong then or is now.`,
    {
      hint: "Correct the clocks. If it was the earlier one: delete from log_archive.retention_sweeps where as_of > now(). Nothing was deleted.",
    },
  );
}
