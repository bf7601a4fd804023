import type { Command } from "commander";
import type { Session } from "../../run-command.ts";
import { addRetentionRules } from "./retention-rules.ts";
import { addRetentionSchedule } from "./retention-schedule.ts";
import { addRetentionSweep } from "./retention-sweep.ts";

/** `retention sweep|schedule|unschedule|set|hold|release|list`: how long indices stay. */
export function addRetention(group: Command, session: Session): void {
  const retention = group.command("retention").description("How long months stay in Elasticsearch");
  addRetentionSweep(retention, session);
  addRetentionRules(retention, session);
  addRetentionSchedule(retention, session);
}
