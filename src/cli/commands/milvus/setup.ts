import { command } from "../../command.ts";
import { withVectors } from "./connect.ts";

export default command({
  flags: {},
  run: (_, context) =>
    withVectors(context, async (connections) => {
      const { ensureTarget } = await import("../../../vectors/connections.ts");
      const { collection, dimension } = connections.options.milvus;
      const created = await ensureTarget(connections);
      const report = { collection, dimension, created };
      const text = created ? "was made" : "is there already";
      context.output.result(report, () => `Collection ${collection}, with vectors of ${dimension} numbers, ${text}.`);
    }),
});
