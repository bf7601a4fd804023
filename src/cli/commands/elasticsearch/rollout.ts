import { type Command, Option } from "commander";
import { z } from "zod";
import {
  listRolloutChanges,
  listRollouts,
  type Rollout,
  type RolloutChange,
  type RolloutModes,
} from "../../../workflow-logs/state/rollouts.ts";
import {
  rollbackRollout,
  type RollbackReport,
  type RolloutReport,
  setRollout,
} from "../../../workflow-logs/rollout/set-rollout.ts";
import { scopeShape, tenantId, tenantIdOption } from "../../options.ts";
import { formatTime } from "../../output/format.ts";
import { nextStep } from "../../output/next-step.ts";
import { formatTable } from "../../output/table.ts";
import { action, type Session } from "../../run-command.ts";
import { withState, withStores } from "../../wiring.ts";

const changesShown = 20;
const writeMode = z.enum(["postgres", "both", "elasticsearch"], 'must be "postgres", "both" or "elasticsearch"');
const readMode = z.enum(["postgres", "shadow", "elasticsearch"], 'must be "postgres", "shadow" or "elasticsearch"');

/** `rollout list|set|rollback`: where the logs of a tenant are written and read. */
export function addRollout(group: Command, session: Session): void {
  const rollout = group.command("rollout").description("Where the logs of each tenant are written and read");
  rollout
    .command("list")
    .description("Tenants that are not on PostgreSQL alone, and the last changes")
    .addOption(tenantIdOption())
    .action(
      action(session, {
        options: z.object({ tenantId: scopeShape.tenantId }),
        run: ({ tenantId: tenantIds }, context) =>
          withState(context, async (state) => {
            const rollouts = state === undefined ? [] : await listRollouts(state, tenantIds);
            const changes = state === undefined ? [] : await listRolloutChanges(state, tenantIds, changesShown);
            context.output.result({ rollouts, changes }, () => listText(rollouts, changes));
          }),
      }),
    );
  rollout
    .command("set")
    .description("Switch a tenant, after looking whether anything would be missed, old or lost")
    .addOption(oneTenant())
    .option("--write <mode>", "postgres, both or elasticsearch")
    .option("--read <mode>", "postgres, shadow (answers from PostgreSQL, compared with Elasticsearch) or elasticsearch")
    .option("--force", "though something speaks against it")
    .action(
      action(session, {
        options: z
          .object({
            tenantId,
            write: writeMode.optional(),
            read: readMode.optional(),
            force: z.literal(true).optional(),
          })
          .refine(({ write, read }) => write !== undefined || read !== undefined, {
            path: ["write"],
            message: "give --write, --read or both",
            when: ({ issues }) => issues.length === 0,
          }),
        run: ({ tenantId: tenant, write, read, force }, context) =>
          withStores(context, async (connections) => {
            const modes = { ...(write && { write }), ...(read && { read }) };
            const request = { tenantId: tenant, modes, force: force ?? false };
            const report = await setRollout(connections, request, context);
            context.output.result(report, () => changeText(report));
          }),
      }),
    );
  rollout
    .command("rollback")
    .description("Take a tenant's last change back, and with each further call the one before it")
    .addOption(oneTenant())
    .action(
      action(session, {
        options: z.object({ tenantId }),
        run: ({ tenantId: tenant }, context) =>
          withStores(context, async (connections) => {
            const report = await rollbackRollout(connections, tenant);
            context.output.result(report, () => rollbackText(report));
          }),
      }),
    );
}

function oneTenant(): Option {
  return new Option("--tenant-id <id>", "of this tenant").makeOptionMandatory();
}

function listText(rollouts: readonly Rollout[], changes: readonly RolloutChange[]): string {
  if (changes.length === 0) return "Every tenant is written to and read from PostgreSQL.";
  return [
    formatTable(
      ["tenant", "write", "read", "since"],
      rollouts.map(({ tenantId: id, write, read, changedAt }) => [id, write, read, formatTime(changedAt)]),
    ),
    "",
    "Last changes",
    formatTable(
      ["when", "tenant", "from", "to", "by", "forced against"],
      changes.map((change) => [
        formatTime(change.changedAt),
        change.tenantId,
        modesText(change.before),
        modesText(change.after),
        change.changedBy,
        change.forcedAgainst.join("; "),
      ]),
    ),
  ].join("\n");
}

function changeText({ tenantId: id, before, after, forcedAgainst }: RolloutReport): string {
  const change = `Tenant ${id}: ${modesText(before)} -> ${modesText(after)}. Applications follow within seconds.`;
  if (forcedAgainst.length === 0) return [...nextLines(after), `✓ SUCCESS: ${change}`].join("\n");
  return [`⚠ WARNING: ${change}`, "Forced against:", ...forcedAgainst.map((one) => `  - ${one}`)].join("\n");
}

function rollbackText({ tenantId: id, before, after, next }: RollbackReport): string {
  const change =
    modesText(before) === modesText(after)
      ? `Tenant ${id} stays at ${modesText(after)}: there is nothing further back.`
      : `Tenant ${id}: ${modesText(before)} -> ${modesText(after)}. Applications follow within seconds.`;
  const further = next === null ? [] : [`Another rollback leads to ${modesText(next)}.`];
  return [...further, `✓ SUCCESS: ${change}`].join("\n");
}

function nextLines({ write, read }: RolloutModes): string[] {
  if (read === "elasticsearch") return [nextStep("switched")];
  return write === "both" ? [nextStep("both")] : [];
}

function modesText({ write, read }: RolloutModes): string {
  return `write ${write}, read ${read}`;
}
