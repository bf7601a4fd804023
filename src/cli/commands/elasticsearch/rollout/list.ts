import type { Rollout, RolloutChange } from "../../../../workflow-logs/state/rollouts.ts";
import { command } from "../../../command.ts";
import { tenantIds as tenantIdFlag } from "../../../options/scope.ts";
import { formatTime } from "../../../output/format.ts";
import { formatTable } from "../../../output/table.ts";
import { databaseConfig, withState } from "../../../wiring.ts";
import { modesText } from "./text.ts";

const changesShown = 20;

export default command({
  flags: { tenantId: tenantIdFlag },
  config: databaseConfig,
  run: ({ tenantId: tenantIds }, context) =>
    withState(context, async (state) => {
      const { listRolloutChanges, listRollouts } = await import("../../../../workflow-logs/state/rollouts.ts");
      const rollouts = state === undefined ? [] : await listRollouts(state, tenantIds);
      const changes = state === undefined ? [] : await listRolloutChanges(state, tenantIds, changesShown);
      context.output.result({ rollouts, changes }, (width) => listText(rollouts, changes, width));
    }),
});

function listText(rollouts: readonly Rollout[], changes: readonly RolloutChange[], width?: number): string {
  if (changes.length === 0) return "Every tenant is written to and read from PostgreSQL.";
  return [
    formatTable(
      ["tenant", "write", "read", "since"],
      rollouts.map(({ tenantId: id, write, read, changedAt }) => [id, write, read, formatTime(changedAt)]),
      { width },
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
      { width, drop: ["by"] },
    ),
  ].join("\n");
}
