import { withHead } from "../../../runs/report-head.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { value } from "../../options/flags.ts";
import { anyText, wholeNumber } from "../../options/values.ts";
import { sourceOf, templateFlag } from "./import-flags.ts";
import { countersText, lossText } from "./import-text.ts";

export default command({
  flags: {
    db: value("the SQLite file that is filled", anyText.default("./data.db")),
    redisUrl: value("the source", anyText.optional(), {
      shownDefault: "RESPLITE_IMPORT_FROM, else redis://127.0.0.1:6379",
    }),
    host: value("the source's host, instead of --redis-url", anyText.optional()),
    port: value("the source's port, with --host", wholeNumber(1, 65_535).optional()),
    pragmaTemplate: templateFlag,
  },
  check: (schema) =>
    schema.refine(({ redisUrl, host, port }) => redisUrl === undefined || (host ?? port) === undefined, {
      path: ["redisUrl"],
      message: "and --host, --port exclude each other",
    }),
  examples: [["resplite import --db ./migrated.db --redis-url redis://127.0.0.1:6379", "while nobody writes"]],
  run: async (given, context) => {
    const { bulk, importDefaults } = await import("../../../resplite/import/bulk.ts");
    const isByHost = given.host !== undefined || given.port !== undefined;
    const from = isByHost ? `redis://${given.host ?? "127.0.0.1"}:${given.port ?? 6379}` : given.redisUrl;
    const report = await bulk(
      {
        ...importDefaults,
        maxRps: undefined,
        runId: "one-shot",
        from: sourceOf(from, context),
        to: given.db,
        scanCount: 1000,
        resume: false,
        template: given.pragmaTemplate,
      },
      context,
    );
    context.output.result(withHead(report, context.startedAt), () =>
      ["Import complete:", ...countersText(report), ...lossText(report)].join("\n"),
    );
    return report.end === "completed" ? exitCodes.done : exitCodes.findings;
  },
});
