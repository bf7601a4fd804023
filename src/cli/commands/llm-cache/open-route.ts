import { UsageError } from "../../../engine/errors.ts";
import type { Route } from "../../../llm-cache/route.ts";
import type { CommandContext } from "../../context.ts";
import type { RouteChoice } from "./known-route.ts";
import { connect } from "./open-side.ts";

/** Runs `work` with both stores of the choice open. Throws UsageError when one is not named. */
export async function withOpenRoute<T>(
  context: CommandContext,
  { source, target, sourceEnv, targetEnv }: RouteChoice,
  work: (route: Route) => Promise<T>,
): Promise<T> {
  if (source === undefined || target === undefined) {
    throw new UsageError("store_not_named", "Both stores have to be named. Nothing was touched.", {
      hint: "Add --source and --target, each one of json, redis, postgres, mongodb.",
    });
  }
  const from = await connect(context, "source", "Source", source, sourceEnv);
  try {
    const to = await connect(context, "target", "Target", target, targetEnv);
    try {
      return await work({ source: from, target: to });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}
