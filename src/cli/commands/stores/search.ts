import { readFile } from "node:fs/promises";
import path from "node:path";
import { text as textOf } from "node:stream/consumers";
import { z } from "zod";
import { UsageError } from "../../../engine/errors.ts";
import type { CommandContext } from "../../context.ts";
import { command } from "../../command.ts";
import { value } from "../../options/flags.ts";
import { anyText, option, wholeNumber } from "../../options/values.ts";
import { formatTable } from "../../output/table.ts";
import { layraConfig, timeoutFlag, withStores } from "./connect.ts";

const url = option("an http or https address", (text) =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined,
);

export default command({
  flags: {
    kb: value("id of the knowledge base", z.string().min(1)),
    vectors: value("file with the query's vectors as JSON, or - for the standard input", anyText.optional()),
    embeddingUrl: value("service that makes vectors of --query", url.optional()),
    query: value("text, for --embedding-url", anyText.optional()),
    topK: value("at most so many pages", wholeNumber(1, 1000).default(10)),
    timeout: timeoutFlag(30),
  },
  config: layraConfig,
  check: (schema) =>
    schema.refine(
      ({ vectors, embeddingUrl, query }) =>
        vectors === undefined ? embeddingUrl !== undefined && query !== undefined : embeddingUrl === undefined,
      { message: "give either --vectors, or --embedding-url with --query" },
    ),
  examples: [
    ["stores search my-kb --vectors query.json", "vectors that are there"],
    ["stores search my-kb --embedding-url http://localhost:8005/embed_text --query invoice", "a text"],
  ],
  run: ({ kb, vectors, embeddingUrl, query, topK, timeout }, context) =>
    withStores(context, timeout, async (stores) => {
      const { embed, searchKnowledge } = await import("../../../layra/operate/search-knowledge.ts");
      const wanted =
        vectors === undefined
          ? await embed(embeddingUrl!, query!, 1000 * timeout)
          : await readVectors(context, vectors);
      const hits = await searchKnowledge(stores, kb, wanted, topK);
      context.output.result({ knowledge_base_id: kb, total: hits.length, hits }, (width) =>
        formatTable(
          ["score", "page", "image", "file"],
          hits.map((one) => [
            one.score.toFixed(4),
            String(one.page_number),
            one.image_id,
            one.file?.filename ?? "(not there)",
          ]),
          { width },
        ),
      );
    }),
});

async function readVectors({ workingDirectory, stdin }: CommandContext, file: string): Promise<number[][]> {
  const { vectorsIn } = await import("../../../layra/operate/search-knowledge.ts");
  const refused = (cause?: unknown): UsageError =>
    new UsageError("invalid_vectors", `${file} does not hold a list of vectors as JSON.`, {
      cause,
      hint: "Like [[0.1, 0.2, ...], ...]. Nothing was asked.",
    });
  try {
    const text = file === "-" ? await textOf(stdin) : await readFile(path.resolve(workingDirectory, file), "utf8");
    const vectors = vectorsIn(JSON.parse(text));
    if (vectors === undefined) throw refused();
    return vectors;
  } catch (cause) {
    throw cause instanceof UsageError ? cause : refused(cause);
  }
}
