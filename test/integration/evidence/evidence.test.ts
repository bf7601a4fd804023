import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EvidenceReport } from "../../../src/workflow-logs/evidence/take-evidence.ts";
import type { VerifyEvidenceReport } from "../../../src/workflow-logs/evidence/verify-evidence.ts";
import { runApp } from "../../support/app-process.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { request } from "../../support/retention-archive.ts";
import { createSnapshotRepository } from "../../support/snapshot-repository.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

let archive: TestArchive;
let tenantId: string;
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "evidence-"));
  for (const name of ["ours", "others"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    await writeFile(at(`${name}.pem`), privateKey.export({ format: "pem", type: "pkcs8" }));
    await writeFile(at(`${name}.pub`), publicKey.export({ format: "pem", type: "spki" }));
  }
  archive = await createTestArchive({ nodeExecutions: 300, tenants: 1, months: 1 });
  await migrateOnce(archive);
  [tenantId] = (await tenantsOf(archive.sql)) as [string];
  await cleanupOnce(archive, { tenantId });
});
afterAll(async () => {
  await archive.drop();
  await rm(folder, { recursive: true });
});

async function take(env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; report: EvidenceReport }> {
  const args = ["elasticsearch", "evidence", "--tenant-id", tenantId, "--output", folder, "--json"];
  const { code, stdout, stderr } = await runApp(archive, args, env);
  expect(stderr).not.toMatch(/PRIVATE/);
  return { code, report: JSON.parse(stdout) as EvidenceReport };
}

/** PostgreSQL cannot be reached. */
async function verify(
  file: string,
  ...args: string[]
): Promise<{ code: number | null; report: VerifyEvidenceReport & { error?: { code: string } } }> {
  const env = { DATABASE_URL: "postgresql://nobody@127.0.0.1:9/none" };
  const { code, stdout } = await runApp(archive, ["elasticsearch", "evidence", "verify", file, ...args, "--json"], env);
  return { code, report: JSON.parse(stdout) as VerifyEvidenceReport };
}

test("signed evidence proves the archive and a snapshot of it under another name; what was changed, deleted or added since is found by its range of ids", async () => {
  const { code, report } = await take({ EVIDENCE_SIGNING_KEY: at("ours.pem") });
  expect(code).toBe(0);
  expect(report).toMatchObject({ status: "completed", objections: [] });
  const indices = (await request(archive, "GET", `${archive.prefix}-*/_stats/docs`)) as {
    indices: Record<string, { primaries: { docs: { count: number } } }>;
  };
  expect(Object.fromEntries(report.files.map(({ index, documents }) => [index, documents]))).toEqual(
    Object.fromEntries(Object.entries(indices.indices).map(([name, { primaries }]) => [name, primaries.docs.count])),
  );
  const { rows } = await archive.sql.query<{ purged: number }>(
    "SELECT count(*)::int AS purged FROM log_archive.purged_rows",
  );
  expect(report.files.reduce((sum, { purged }) => sum + purged, 0)).toBe(rows[0]!.purged);
  expect(rows[0]!.purged).toBeGreaterThan(100);

  const { file, index, documents } = report.files.find((one) => one.index.includes("node-executions"))!;
  for (const args of [[], ["--public-key", at("ours.pub")]])
    expect(await verify(file, ...args)).toMatchObject({
      code: 0,
      report: { status: "proven", signature: "valid", expected: documents, found: documents, differences: [] },
    });
  expect(await verify(file, "--public-key", at("others.pub"))).toMatchObject({
    code: 3,
    report: { status: "not_proven", signature: "other_key", differences: [] },
  });

  const repository = await createSnapshotRepository(archive);
  const copy = `${archive.prefix}-evidence-copy`;
  try {
    await request(archive, "PUT", `_snapshot/${repository.name}/one?wait_for_completion=true`, { indices: index });
    await request(archive, "POST", `_snapshot/${repository.name}/one/_restore?wait_for_completion=true`, {
      indices: index,
      rename_pattern: ".+",
      rename_replacement: copy,
    });
    expect(await verify(file, "--index", copy)).toMatchObject({ code: 0, report: { status: "proven", index: copy } });

    const { hits } = (await request(archive, "GET", `${copy}/_search?size=5`)) as {
      hits: { hits: { _id: string; _source: Record<string, unknown> }[] };
    };
    const [first, second] = hits.hits as [(typeof hits.hits)[0], (typeof hits.hits)[0]];
    const holds = (report_: VerifyEvidenceReport, id: string, expectedMinusFound: number): void => {
      expect(report_.status).toBe("not_proven");
      const range = report_.differences.find(
        ({ after, upTo }) => (after === null || id > after) && (upTo === null || id <= upTo),
      );
      expect(range && range.expected - range.found).toBe(expectedMinusFound);
      expect(report_.differences.length).toBe(1);
    };
    const put = (id: string, source: object) => request(archive, "PUT", `${copy}/_doc/${id}?refresh=true`, source);

    await put(first._id, { ...first._source, title: "another" });
    const changed = await verify(file, "--index", copy);
    expect(changed.code).toBe(3);
    holds(changed.report, first._id, 0);
    await put(first._id, first._source);
    expect((await verify(file, "--index", copy)).code).toBe(0); // written anew with the same content

    await request(archive, "DELETE", `${copy}/_doc/${second._id}?refresh=true`);
    holds((await verify(file, "--index", copy)).report, second._id, 1);
    await put(second._id, second._source);

    const added = `${second._id.slice(0, -1)}${second._id.endsWith("0") ? "1" : "0"}`;
    await put(added, { ...second._source, id: added });
    holds((await verify(file, "--index", copy)).report, added, -1);
    await request(archive, "DELETE", `${copy}/_doc/${added}?refresh=true`);

    await put("ffffffff-no-row-of-ours", first._source);
    expect((await verify(file, "--index", copy)).report).toMatchObject({
      status: "not_proven",
      strangers: ["ffffffff-no-row-of-ours"],
    });
  } finally {
    await request(archive, "DELETE", copy);
    await repository.drop();
  }
});

test("a file that somebody changed proves nothing, and what is no evidence is refused before anything is read", async () => {
  const { report } = await take({ EVIDENCE_SIGNING_KEY: at("ours.pem") });
  const { file } = report.files[0]!;
  const text = await readFile(file, "utf8");
  const evidence = JSON.parse(text) as { statement: Record<string, unknown>; signature: object | null };
  const write = async (what: object): Promise<string> => {
    await writeFile(at("changed.json"), JSON.stringify(what));
    return at("changed.json");
  };
  const later = { ...evidence.statement, takenAt: "2031-01-01T00:00:00.000Z" };
  expect(await verify(await write({ ...evidence, statement: later }))).toMatchObject({
    code: 3,
    report: { status: "not_proven", signature: "wrong" },
  });
  const unsigned = await write({ ...evidence, signature: null });
  expect(await verify(unsigned)).toMatchObject({ code: 0, report: { status: "proven", signature: "none" } });
  expect(await verify(unsigned, "--public-key", at("ours.pub"))).toMatchObject({
    code: 3,
    report: { status: "not_proven" },
  });

  for (const statement of [
    { ...evidence.statement, documents: 1 },
    { ...evidence.statement, root: "0".repeat(64) },
    { ...evidence.statement, index: { name: "*", uuid: "x" } },
    { ...evidence.statement, segments: [] },
  ])
    expect(await verify(await write({ ...evidence, statement }))).toMatchObject({
      code: 2,
      report: { error: { code: "not_evidence" } },
    });
  await writeFile(at("changed.json"), text.slice(0, 1000));
  expect((await verify(at("changed.json"))).code).toBe(2);
  expect((await verify(at("nothing.json"))).code).toBe(2);
  expect((await verify(file, "--public-key", at("ours.pem.none"))).code).toBe(2);
  expect((await verify(file, "--index", "*")).code).toBe(2);
  expect(await verify(file, "--index", "no-such-index")).toMatchObject({
    code: 1,
    report: { error: { code: "index_missing" } },
  });
});

test("a key that is none, or a folder that is none, is a usage error; without a key evidence is unsigned", async () => {
  const before = await readdir(folder);
  await writeFile(
    at("rsa.pem"),
    generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "pem", type: "pkcs8" }),
  );
  for (const file of ["rsa.pem", "ours.pub", "missing.pem"])
    expect(
      (
        await runApp(archive, ["elasticsearch", "evidence", "--tenant-id", tenantId, "--output", folder], {
          EVIDENCE_SIGNING_KEY: at(file),
        })
      ).code,
    ).toBe(2);
  expect(
    (await runApp(archive, ["elasticsearch", "evidence", "--tenant-id", tenantId, "--output", at("none")])).code,
  ).toBe(2);
  expect((await runApp(archive, ["elasticsearch", "evidence"])).code).toBe(2);
  expect((await readdir(folder)).filter((name) => !before.includes(name))).toEqual(["rsa.pem"]);
  const { report } = await take();
  expect(JSON.parse(await readFile(report.files[0]!.file, "utf8"))).toMatchObject({ signature: null });
});

test("a month whose purged documents are not all what they were gets no evidence", async () => {
  const { rows } = await archive.sql.query<{ id: string; month: string }>(
    "SELECT record_id AS id, replace(month, '-', '.') AS month FROM log_archive.purged_rows WHERE data_type = 'node_executions' ORDER BY 1 LIMIT 2",
  );
  const [altered, lost] = rows as [(typeof rows)[0], (typeof rows)[0]];
  const path = ({ id, month }: (typeof rows)[0]) =>
    `${archive.prefix}-workflow-node-executions-${tenantId}-${month}/_doc/${id}`;
  const { _source } = (await request(archive, "GET", path(altered))) as { _source: object };
  await request(archive, "PUT", path(altered), { ..._source, title: "another" });
  const first = await take();
  expect(first.code).toBe(3);
  expect(first.report.objections).toMatchObject([{ dataType: "node_executions", ids: [altered.id] }]);
  await request(archive, "PUT", path(altered), _source);
  await request(archive, "DELETE", path(lost));
  const second = await take();
  expect(second.code).toBe(3);
  expect(second.report.objections).toHaveLength(1);
  expect(second.report.objections[0]!.reason).toMatch(/the documents of 1 purged rows are gone/);
  expect(second.report.files.some(({ index }) => index.includes("node-executions"))).toBe(false);
});
