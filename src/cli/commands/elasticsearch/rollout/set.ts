import { command } from "../../../command.ts";
import { toggle, value } from "../../../options/flags.ts";
import { oneTenant } from "../../../options/scope.ts";
import { oneOf } from "../../../options/values.ts";
import { storesConfig, withStores } from "../../../wiring.ts";
import { changeText } from "./text.ts";

export default command({
  flags: {
    tenantId: oneTenant,
    write: value("where logs are written", oneOf("postgres", "both", "elasticsearch").optional()),
    read: value(
      "where they are read; shadow answers from PostgreSQL and compares with Elasticsearch",
      oneOf("postgres", "shadow", "elasticsearch").optional(),
    ),
    force: toggle("though something speaks against it"),
  },
  check: (schema) =>
    schema.refine(({ write, read }) => write !== undefined || read !== undefined, {
      path: ["write"],
      message: "give --write, --read or both",
      when: ({ issues }) => issues.length === 0,
    }),
  examples: [
    ["elasticsearch rollout set --tenant-id T --write both --read shadow", "compare before anything depends on it"],
  ],
  config: storesConfig,
  run: ({ tenantId, write, read, force }, context) =>
    withStores(context, async (connections) => {
      const { setRollout } = await import("../../../../workflow-logs/rollout/set-rollout.ts");
      const modes = { ...(write && { write }), ...(read && { read }) };
      const report = await setRollout(connections, { tenantId, modes, force: force ?? false }, context);
      context.output.result(report, () => changeText(report));
    }),
});
