import { command } from "../../../command.ts";
import { discardErrors } from "../../errors.ts";
import { runIdFlag, toFlag } from "../import-flags.ts";

export default command({
  flags: { runId: runIdFlag, to: toFlag },
  run: async ({ runId, to }, context) => {
    const { openKnownImport } = await import("../../../../resplite/import/known-import.ts");
    const { ImportErrors } = await import("../../../../resplite/import/record-errors.ts");
    using data = openKnownImport(to, runId);
    await discardErrors(
      context,
      new ImportErrors(data.file),
      { runId },
      "Their keys stay in Redis; apply-dirty passes them over, and verify will still find them.",
    );
  },
});
