import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { differingLines, shapeOf, transcriptsIn, withOutputs } from "../../support/docs/console-blocks.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

// UPDATE_DOCS=1 npx vitest run --project integration test/integration/docs: writes what is printed now into the pages.

const made = { nodeExecutions: 400, tenants: 2, months: 2, graphBytes: 4000 };

/** The variables that the pages use: the tenant with the most rows, and its run with the fewest nodes. */
async function variablesOf(archive: TestArchive): Promise<ReadonlyMap<string, string>> {
  const { rows } = await archive.sql.query<{ tenant: string; run: string }>(
    `SELECT tenant_id::text AS tenant, workflow_run_id::text AS run FROM workflow_node_executions
      WHERE workflow_run_id IS NOT NULL AND tenant_id =
        (SELECT tenant_id FROM workflow_node_executions GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
      GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY count(*), 2 LIMIT 1`,
  );
  return new Map([
    ["$T", rows[0]!.tenant],
    ["$RUN", rows[0]!.run],
  ]);
}

/** What a terminal shows of it when its progress is left out. */
async function printed(command: string, archive: TestArchive, shell: ReadonlyMap<string, string>): Promise<string> {
  const [program, ...args] = command.split(" ").map((word) => shell.get(word) ?? word);
  expect(program).toBe("app");
  const { code, stdout, stderr } = await runAppHere(archive, args);
  if (code === 1 || code === 2) throw new Error(`${command} ended with ${code}: ${stderr}${stdout}`);
  const text = stdout
    .replaceAll(archive.prefix, "dify")
    .replaceAll(/test_[a-z0-9_]+/g, "dify")
    .trimEnd();
  return `${text}\n${code === 0 ? "" : `(exit code ${code})\n`}`.replaceAll(/[ \t]+$/gm, "");
}

test("the page to start with makes the logs that it is tried with", async () => {
  const { nodeExecutions, tenants, months } = made;
  const flags = `--node-executions ${nodeExecutions} --tenants ${tenants} --months ${months}`;
  expect(await readFile("docs/getting-started.md", "utf8")).toContain(flags);
});

test.each(["docs/getting-started.md", "docs/guide.md"])("every command of %s prints what it says", async (page) => {
  const text = await readFile(page, "utf8");
  const transcripts = transcriptsIn(text);
  expect(transcripts.length).toBeGreaterThan(5);
  const archive = await createTestArchive(made);
  const outputs: string[] = [];
  try {
    const shell = await variablesOf(archive);
    for (const { command } of transcripts) outputs.push(await printed(command, archive, shell));
  } finally {
    await archive.drop();
  }
  if (process.env["UPDATE_DOCS"] !== undefined) await writeFile(page, withOutputs(text, outputs));
  else {
    for (const [index, { command, output }] of transcripts.entries()) {
      const differing = differingLines(output, outputs[index]!);
      if (differing.length > 0) console.warn(`${page}, ${command}:\n${differing.join("\n")}`);
      expect(differing.length, command).toBeLessThanOrEqual(tolerated(output));
    }
  }
});

/** A sentence may be put better before the pages are written anew; another command's output may not stand there. */
const tolerated = (output: string): number => Math.max(2, Math.floor(shapeOf(output).length / 3));

test("another output would be noticed, other numbers would not", () => {
  expect(shapeOf("copied 12 rows in 3.4 s")).toEqual(shapeOf("copied  1,200 rows in 210 ms"));
  expect(differingLines("copied 12 rows", "copied 13 rows")).toEqual([]);
  expect(differingLines("copied 12 rows", "copied 12 rows, 3 failed")).toEqual([
    "- copied N rows",
    "+ copied N rows, N failed",
  ]);
});
