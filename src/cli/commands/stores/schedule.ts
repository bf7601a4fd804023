import path from "node:path";
import { z } from "zod";
import { parseKeep } from "../../../layra/backup/retention.ts";
import type { BackupSchedule } from "../../../layra/backup/schedule.ts";
import { operator } from "../../../runs/operator.ts";
import { command } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { toggle, value } from "../../options/flags.ts";
import { option } from "../../options/values.ts";
import { printable } from "../../output/printable.ts";
import { databaseConfig, withDatabase } from "../../wiring.ts";
import { onlyFlag } from "./connect.ts";
import { placeOption } from "./place.ts";

const keepText = option("a list such as 7d,4w,12m", (text) => (parseKeep(text) === undefined ? undefined : text));

export default command({
  flags: {
    cron: value('minute, hour, day, month, day of the week, such as "15 2 * * *"', z.string().optional()),
    timezone: value("of the expression, such as Asia/Shanghai", z.string().default("UTC")),
    to: value("folder of the worker's machine, or s3://bucket/prefix", placeOption.optional()),
    only: onlyFlag,
    keep: value("afterwards delete backups that none of these rules keeps, such as 7d,4w,12m", keepText.optional()),
    remove: toggle("take the schedule away; a backup under way goes on"),
  },
  config: databaseConfig,
  examples: [
    ['stores schedule --cron "15 2 * * *" --to /backup/layra --keep 7d,4w,12m', "every night, by app worker"],
    ["stores schedule", "what is scheduled, and how the last backup went"],
  ],
  check: (schema) =>
    schema.refine(({ cron, to, remove }) => (cron === undefined) === (to === undefined) && !(remove && cron), {
      message: "give --cron and --to together, --remove alone, or nothing to see what is scheduled",
    }),
  run: ({ cron, timezone, to, only, keep, remove }, context) =>
    withDatabase(context, async ({ postgres }) => {
      const { backupSchedule, scheduleBackups, unscheduleBackups } = await import("../../../layra/backup/schedule.ts");
      if (remove === true) {
        const removed = await unscheduleBackups(postgres);
        const text = removed === null ? "Nothing was scheduled" : `${removed.cron} is no longer scheduled`;
        return context.output.result({ removed }, () => `✓ ${text}`);
      }
      if (cron !== undefined && to !== undefined) {
        const place = to.includes("://") ? to : path.resolve(context.workingDirectory, to);
        const plan = { cron, timezone, to: place, only, keep, scheduledBy: operator() };
        return printSchedule(context, await scheduleBackups(postgres, plan));
      }
      printSchedule(context, await backupSchedule(postgres));
    }),
});

function printSchedule({ output }: CommandContext, schedule: BackupSchedule | null): void {
  output.result({ schedule }, () => (schedule === null ? "Nothing is scheduled" : scheduleText(schedule)));
}

function scheduleText({ cron, timezone, to, only, keep, next, workerSeenAt, last }: BackupSchedule): string {
  const stores = only.length === 0 ? "all stores" : only.join(", ");
  return [
    `${cron} (${timezone}): ${stores} to ${printable(to)}${keep === undefined ? "" : `, keeping ${keep}`}`,
    `Next: ${next.join(", ")}`,
    workerSeenAt === null
      ? "⚠ No worker has looked for it yet: keep app worker running"
      : `A worker looked for it at ${workerSeenAt}`,
    ...(last === null ? [] : [`Last: ${last.state}, ${last.finishedAt ?? last.createdAt} ${lastText(last.output)}`]),
  ].join("\n");
}

function lastText(output: object | null): string {
  const { id, message } = (output ?? {}) as { id?: string; message?: string };
  return printable(id ?? message ?? "");
}
