import { stateFile } from "../../../../config/sections/state-file.ts";
import { command } from "../../../command.ts";
import { errorLimit, printErrors } from "../../errors.ts";
import { withStateErrors } from "../../state-errors.ts";
import { cacheErrorFilter, runIdFlag } from "./filter.ts";

export default command({
  flags: { runId: runIdFlag, limit: errorLimit },
  config: { stateFile },
  run: ({ runId, limit }, context) =>
    withStateErrors(context, (errors) =>
      printErrors(context, errors, {
        filter: cacheErrorFilter(runId),
        limit,
        columns: { heads: ["route"], cells: ({ scope }) => [scope.slice("llm-cache ".length)], drop: ["route"] },
      }),
    ),
});
