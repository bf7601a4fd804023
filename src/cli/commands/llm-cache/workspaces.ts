import { UsageError } from "../../../engine/errors.ts";
import { command } from "../../command.ts";
import { warnOfUnverified } from "../../unverified.ts";
import { formatTable } from "../../output/table.ts";
import { addressesOf, sideSettings } from "./side-settings.ts";
import { routeFlags } from "./store-flags.ts";

export default command({
  flags: { source: routeFlags.source, sourceEnv: routeFlags.sourceEnv },
  examples: [["llm-cache workspaces --source redis", "which workspaces of this Redis have caches"]],
  run: async ({ source, sourceEnv }, context) => {
    if (source === undefined) {
      throw new UsageError("store_not_named", "The store has to be named.", {
        hint: "Add --source json|redis|postgres|mongodb.",
      });
    }
    const { missing, settings } = sideSettings(context, "source", source, sourceEnv);
    if (missing.length > 0) {
      throw new UsageError("missing_variables", `Missing required environment variables: ${missing.join(", ")}`);
    }
    const { listWorkspaces } = await import("../../../llm-cache/list-workspaces.ts");
    const described = settings();
    warnOfUnverified(addressesOf(described), context.log);
    const workspaces = await listWorkspaces(described, context.signal);
    context.output.result({ source, workspaces }, (width) => {
      if (workspaces.length === 0) return "No workspace has caches.";
      const kinds = [...new Set(workspaces.flatMap(({ counts }) => Object.keys(counts)))].toSorted();
      return formatTable(
        ["workspace", ...kinds, "total"],
        workspaces.map(({ workspace, counts, total }) => [
          workspace || "(default)",
          ...kinds.map((kind) => counts[kind as keyof typeof counts] ?? 0),
          total,
        ]),
        { width },
      );
    });
  },
});
