import { command } from "../../../command.ts";
import { errorLimit, printErrors } from "../../errors.ts";
import { runIdFlag, toFlag } from "../import-flags.ts";

export default command({
  flags: { runId: runIdFlag, to: toFlag, limit: errorLimit },
  run: async ({ runId, to, limit }, context) => {
    const { openKnownImport } = await import("../../../../resplite/import/known-import.ts");
    const { ImportErrors } = await import("../../../../resplite/import/record-errors.ts");
    using data = openKnownImport(to, runId);
    const columns = { heads: [], drop: [], cells: () => [] };
    await printErrors(context, new ImportErrors(data.file), { filter: { runId }, limit, columns });
  },
});
