import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { wholeNumber } from "../../options/values.ts";
import { printable } from "../../output/printable.ts";
import { layraConfig, timeoutFlag, withStores } from "./connect.ts";

export default command({
  flags: {
    millis: value("list what took longer", wholeNumber(0).default(100)),
    limit: value("at most so many", wholeNumber(1, 1000).default(10)),
    record: value(
      "profile everything for so many seconds first; 0 lists what is recorded",
      wholeNumber(0, 3600).default(10),
    ),
    timeout: timeoutFlag(30),
  },
  config: layraConfig,
  examples: [["stores slow-queries --record 60", "what is slow in the next minute"]],
  run: ({ millis, limit, record, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { slowQueries } = await import("../../../layra/operate/slow-queries.ts");
      const db = await stores.mongodb();
      const found = await slowQueries(db, { millis, limit, recordSeconds: record }, context.signal);
      context.output.result({ millis, queries: found }, () =>
        found.length === 0
          ? `Nothing took longer than ${millis}ms`
          : found
              .map(
                (one) =>
                  `Slow query took ${one.millis}ms\n  ${one.at} ${one.operation} ${one.namespace}\n  Query: ${printable(JSON.stringify(one.query))}`,
              )
              .join("\n"),
      );
    }),
});
