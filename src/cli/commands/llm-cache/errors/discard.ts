import { stateFile } from "../../../../config/sections/state-file.ts";
import { command } from "../../../command.ts";
import { discardErrors } from "../../errors.ts";
import { withStateErrors } from "../../state-errors.ts";
import { cacheErrorFilter, runIdFlag } from "./filter.ts";

export default command({
  flags: { runId: runIdFlag },
  config: { stateFile },
  run: ({ runId }, context) =>
    withStateErrors(context, (errors) =>
      discardErrors(context, errors, cacheErrorFilter(runId), "The entries stay in their source and are not copied."),
    ),
});
