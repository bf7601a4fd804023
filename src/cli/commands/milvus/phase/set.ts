import { command } from "../../../command.ts";
import { toggle, value } from "../../../options/flags.ts";
import { oneOf, wholeNumber } from "../../../options/values.ts";
import { withVectors } from "../connect.ts";
import { oneTenant } from "../flags.ts";
import { changeText } from "./text.ts";

export default command({
  flags: {
    phase: value(
      "setup, dual_write, sync, read_migration or full",
      oneOf("setup", "dual_write", "sync", "read_migration", "full"),
    ),
    tenantId: oneTenant,
    readPercent: value(
      "in read_migration: so many of 100 reads are answered by Milvus",
      wholeNumber(0, 100).optional(),
    ),
    shadow: value("ask every read of the other store too, and count differences", oneOf("on", "off").optional()),
    force: toggle("though something speaks against it"),
  },
  examples: [
    ["milvus phase set dual_write --tenant-id acme --shadow on", "both stores get every write"],
    ["milvus phase set read_migration --tenant-id acme --read-percent 10", "Milvus answers one read in ten"],
  ],
  run: ({ phase, tenantId, readPercent, shadow, force = false }, context) =>
    withVectors(context, async (connections) => {
      const { setPhase } = await import("../../../../vectors/phases/set-phase.ts");
      const request = { tenant: tenantId, phase, readPercent, shadow: shadow && shadow === "on", force };
      const report = await setPhase(connections, request, context.signal);
      context.output.result(report, () => changeText(report));
    }),
});
