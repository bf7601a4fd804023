import { Client } from "pg";
import { afterEach, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { runAppHere } from "../../support/app-here.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { type HttpFault, type HttpFaultProxy, passOn, startHttpFaultProxy } from "../../support/http-fault-proxy.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";
import { httpFaults } from "./http-faults.ts";
import { scenarios } from "./scenarios.ts";
import { type FaultedStores, type StateFault, stateFaults } from "./state-faults.ts";

// A fault meets a command at a random request and lasts for some requests; then the same command is run again. The
// short form takes every second fault, the others with the next seed, and draws one command for each; TEST_FAULTS=all
// (npm run test:faults) takes all with all.

const takesAll = process.env["TEST_FAULTS"] === "all" || process.env["TEST_FULL"] === "1";
const seed = process.env["TEST_SEED"] ?? "1";
const commands = Object.keys(scenarios);
const repeats = 3;
const impatient = { ELASTICSEARCH_TIMEOUT: "1", ELASTICSEARCH_MAX_RETRIES: "2" };

const faults: Record<string, HttpFault | StateFault> = { ...httpFaults, ...stateFaults };

const drawn = Object.keys(faults).filter((_, at) => takesAll || at % 2 === Number(seed) % 2);

const cases = drawn.flatMap((fault) => {
  const fitting = commands.filter((command) => isFitting(faults[fault]!, command));
  return takesAll
    ? fitting.map((command) => ({ fault, command }))
    : [{ fault, command: createPrng(`${fault}/${seed}`).pick(fitting) }];
});

function isFitting(fault: HttpFault | StateFault, command: string): boolean {
  return typeof fault === "function" || !fault.losesDocuments || ["migrate", "validate"].includes(command);
}

let archive: TestArchive;
let toElasticsearch: HttpFaultProxy;
let toPostgres: FaultProxy;
let sql: Client;

afterEach(async () => {
  await toElasticsearch?.close();
  await toPostgres?.close();
  await sql?.end();
  await archive?.drop();
});

test.each(cases)(
  "$fault: $command ends as agreed, and when repeated does all (TEST_SEED=" + seed + ")",
  async (one) => {
    const prng = createPrng(`${one.fault}/${one.command}/${seed}`);
    archive = await createTestArchive({ nodeExecutions: 150, tenants: 1, months: 2 });
    toElasticsearch = await startHttpFaultProxy(archive.elasticsearchUrl);
    toPostgres = await startFaultProxy(archive.databaseUrl);
    sql = new Client({ connectionString: archive.databaseUrl });
    await sql.connect();
    const scenario = await scenarios[one.command]!(archive);
    const throughFaults = { ...archive, elasticsearchUrl: toElasticsearch.url, databaseUrl: toPostgres.url };
    const run = () => runAppHere(throughFaults, ["elasticsearch", ...scenario.args], impatient);

    const fault = faults[one.fault]!;
    const undo = inject(fault, { first: prng.integer(1, 12), lasting: prng.integer(1, 4) });
    const faulted = await run();
    await undo();
    expectContract(faulted, one);
    await scenario.always();

    for (let again = 1; again <= repeats; again++) {
      const end = await run();
      expectContract(end, one);
      await scenario.always();
      if (end.code === 0) break;
      expect(again, `${end.stdout}\n${end.stderr}`).toBeLessThan(repeats);
    }
    await scenario.inTheEnd();
  },
);

/** The fault begins with a request and lasts for some; what is returned ends it, and fails when it never came. */
function inject(fault: HttpFault | StateFault, { first, lasting }: { first: number; lasting: number }) {
  const stores: FaultedStores = { archive, toPostgres, sql };
  let [hasBegun, hasEnded] = [false, false];
  let failure: unknown;
  const end = async (): Promise<void> => {
    if (hasEnded) return;
    hasEnded = true;
    if (typeof fault === "function") toElasticsearch.set(passOn);
    else await fault.end?.(stores);
  };
  toElasticsearch.onRequest(async (count) => {
    if (count >= first && !hasBegun) {
      hasBegun = true;
      if (typeof fault === "function") toElasticsearch.set(fault);
      else await fault.begin(stores).catch((error: unknown) => (failure = error));
    }
    if (count >= first + lasting) await end().catch((error: unknown) => (failure = error));
  });
  return async (output = "") => {
    toElasticsearch.onRequest(async () => {});
    expect(
      hasBegun,
      `${toElasticsearch.requests} requests, the fault was to begin with number ${first}\n${output}`,
    ).toBe(true);
    await end();
    if (failure !== undefined) throw failure;
  };
}

/** Done, with findings, or one sentence that says what to do; never a stack trace, never a defect. */
function expectContract({ code, stdout, stderr }: Awaited<ReturnType<typeof runAppHere>>, what: object): void {
  const shown = `${JSON.stringify(what)}\n${stdout}\n${stderr}`;
  expect([0, 1, 3], shown).toContain(code);
  expect(`${stdout}\n${stderr}`, shown).not.toMatch(/^ {4}at |defect of the program|Unhandled/m);
  if (code === 1) expect(stderr.match(/^Error: /gm), shown).toHaveLength(1);
}
