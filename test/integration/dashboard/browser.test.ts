import { mkdir } from "node:fs/promises";
import type { Browser, ConsoleMessage, Page } from "puppeteer-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startApp } from "../../support/app-process.ts";
import { openBrowser } from "../../../dev/browser.ts";
import { type RunningDashboard, startDashboard } from "../../support/dashboard.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const hostile = `<img src="http://evil.example/x.png" onerror="window.hacked = 1"><script>window.hacked = 1</script>`;
const token = "0123456789abcdef0123456789abcdef";

let archive: TestArchive;
let dashboard: RunningDashboard;
let browser: Browser;
let page: Page;
let run: string;
let node: string;
const complaints: string[] = [];
const requested = new Set<string>();

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 120, tenants: 2, months: 3 });
  const { rows } = await archive.sql.query<{ run: string; node: string }>(
    `SELECT workflow_run_id::text AS run, max(id::text) AS node FROM workflow_node_executions
      WHERE workflow_run_id IS NOT NULL GROUP BY 1 HAVING count(*) > 2 ORDER BY count(*) DESC LIMIT 1`,
  );
  ({ run, node } = rows[0]!);
  await archive.sql.query(
    "UPDATE workflow_node_executions SET title = $2::text, outputs = $3, status = 'failed', error = $2::text WHERE id = $1",
    [node, hostile, JSON.stringify({ answer: `needle ${hostile} ${"word ".repeat(2_000_000)}` })],
  );
  await migrateOnce(archive);
  await makePartitions(3);
  dashboard = await startDashboard(archive, ["--allow-control"]);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
  await archive?.drop();
});

beforeEach(async () => {
  await page?.close();
  page = await browser.newPage();
  await page.setViewport({ width: 1200, height: 800 });
  page.on("request", (request) => void requested.add(new URL(request.url()).origin));
  page.on("pageerror", (error) => void complaints.push(String(error)));
  page.on("console", (said: ConsoleMessage) => {
    if (said.type() === "error" && !/status of (400|401|503)/.test(said.text())) complaints.push(said.text());
  });
});

/** Tenants that are in the state alone. */
async function makePartitions(tenants: number): Promise<void> {
  await archive.sql.query(
    `INSERT INTO log_archive.partitions (data_type, tenant_id, month, state, index_name, index_uuid)
     SELECT t, 'made-' || lpad(n::text, 5, '0'), m, (array['planned','copying','copied','verified','purged','expired'])[1 + n % 6], 'none', 'none'
       FROM generate_series(1, $1::int) n, unnest(array['workflow_runs','app_logs','node_executions']) t, unnest(array['2026-01','2026-02','2026-03']) m
     ON CONFLICT DO NOTHING`,
    [tenants],
  );
}

const text = (selector: string): Promise<string> => page.$eval(selector, (element) => element.textContent ?? "");
const shows = (words: string): Promise<unknown> =>
  page.waitForFunction((some) => document.body.innerText.includes(some), { timeout: 60_000 }, words);

async function open(place: string): Promise<void> {
  await page.goto(`${dashboard.url}/#/${place}`);
}

/** For the documentation; only when asked. */
async function picture(name: string): Promise<void> {
  const folder = process.env["PICTURES"];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png` });
}

test("arrow keys move in the map, Enter shows a month with its proof, Escape leaves it", async () => {
  await open("coverage?dataType=node_executions&tenant=-");
  await page.waitForSelector('.map .cell[tabindex="0"]');
  await page.focus('.map .cell[tabindex="0"]');
  for (const key of ["ArrowDown", "ArrowRight", "ArrowUp", "ArrowRight", "ArrowLeft"] as const)
    await page.keyboard.press(key);
  const place = await page.evaluate(() => Object.assign({}, (document.activeElement as HTMLElement).dataset));
  expect(place).toEqual({ row: "0", column: "1" });
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  await shows("none holds: app elasticsearch validate --full makes one");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelector("dialog[open]") === null);
});

test("a log shows its nodes in order, folded; hostile words are words, a huge value comes in part", async () => {
  await open(`log?run=${run}&failedFirst=true`);
  await page.waitForSelector("[data-node]");
  expect(await text("[data-node] h2")).toContain(hostile);
  await page.click(`[data-node="${node}"] details:last-of-type summary`);
  expect((await text(`[data-node="${node}"] details:last-of-type pre`)).length).toBe(2000);
  await page.click(`[data-node="${node}"] details:last-of-type button`);
  await shows("The first 300,000 characters.");
  expect((await text(`[data-node="${node}"] details:last-of-type pre`)).length).toBe(300_000);
});

test("search marks what was found and leads to the log", async () => {
  await open("search");
  await page.waitForSelector("input[name=query]");
  await page.type("input[name=query]", "needle");
  await page.keyboard.press("Enter");
  await page.waitForSelector("mark");
  expect(await text("mark")).toBe("needle");
  await page.click("article a");
  await page.waitForSelector("[data-node]");
  expect(new URL(page.url()).hash).toContain(run);
});

test("keys lead through the pages, each of which says what there is", async () => {
  await open("coverage");
  await page.waitForSelector("h1");
  for (const [key, words] of [
    ["2", "No run is under way."],
    ["3", "There are no record errors."],
    ["4", "What goes next"],
    ["5", "failed only"],
  ] as const) {
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.keyboard.press(key);
    await shows(words);
  }
});

test("a run under way is seen, paused and aborted", async () => {
  const migrate = startApp(archive, [
    "elasticsearch",
    "migrate",
    "--restart",
    "--max-rps",
    "2",
    "--batch-size",
    "1",
    "--quiet",
  ]);
  try {
    await open("runs");
    await page.waitForSelector("[data-run]", { timeout: 60_000 });
    await shows("rows/s");
    await page.waitForSelector(".curve canvas", { timeout: 60_000 });
    await picture("runs");
    await page.click("[data-action=pause]");
    await page.waitForFunction(() => document.body.innerText.includes("It pauses within two seconds."));
    await page.waitForSelector("[data-action=resume]:focus", { timeout: 60_000 }); // the focus stays where it was
    page.once("dialog", (asked) => void asked.accept());
    await page.click("[data-action=abort]");
    expect((await migrate.end).code).toBe(143);
  } finally {
    migrate.child.kill("SIGKILL");
    await migrate.end;
  }
});

test("it is light and dark as the system is, and readable in both", async () => {
  await open("coverage");
  await page.waitForSelector(".map tbody tr");
  const colours = (): Promise<string[]> =>
    page.$eval("body", (body) => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  expect(await colours()).toEqual(["rgb(255, 255, 255)", "rgb(27, 33, 40)"]);
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  expect(await colours()).toEqual(["rgb(21, 24, 28)", "rgb(227, 231, 236)"]);
});

test("with a token the page asks for it once, and forgets it when told", async () => {
  await using guarded = await startDashboard(archive, [], { DASHBOARD_TOKEN: token });
  await page.goto(guarded.url);
  await page.waitForSelector("input[name=token]");
  await page.type("input[name=token]", "wrong");
  await page.keyboard.press("Enter");
  await shows("This is not the token.");
  await page.$eval("input[name=token]", (field) => void (field.value = ""));
  await page.type("input[name=token]", token);
  await page.keyboard.press("Enter");
  await page.waitForSelector("nav a[aria-current]");
  await page.waitForSelector(".map tbody tr", { timeout: 60_000 });
  expect(await page.evaluate(() => document.cookie)).toBe(""); // out of reach of scripts
  await page.click("#logout");
  await page.waitForSelector("input[name=token]");
});

test("with Elasticsearch away the page stands and says so", async () => {
  await using lame = await startDashboard(archive, [], {
    ELASTICSEARCH_HOSTS: "http://127.0.0.1:9",
    ELASTICSEARCH_MAX_RETRIES: "0",
  });
  await page.goto(lame.url);
  await shows("Elasticsearch does not answer");
  await page.waitForSelector("[role=alert]");
  await page.goto(`${lame.url}/#/runs`);
  await shows("elasticsearch migrate");
});

test("20,000 tenants: the page stands before their coverage is there, shows a part, and finds any by a filter", async () => {
  await makePartitions(20_000);
  await using many = await startDashboard(archive);
  await page.goto(many.url);
  await page.waitForSelector("h1");
  expect(await text("h1")).toBe("Coverage");
  await page.waitForSelector(".map tbody tr", { timeout: 60_000 });
  expect(await page.$$eval(".map tbody tr", (lines) => lines.length)).toBe(50);
  expect(await text(".pages span")).toMatch(/^1 to 50 of 20,00\d$/);
  await picture("coverage");
  await page.type("input[name=tenant]", "made-19999");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".map tbody tr").length === 1);
  expect(await text(".map tbody th")).toBe("made-19999");
  await page.select("select[name=dataType]", "app_logs");
  await page.waitForFunction(
    () => location.hash.includes("app_logs") && document.querySelector(".map tbody tr") !== null,
  );
  expect(await text(".map tbody th")).toBe("made-19999");
});

test("nothing that was shown ran as a script, broke a rule of the page, or left this machine", async () => {
  await open(`log?run=${run}`);
  await page.waitForSelector("[data-node]");
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
  expect(complaints).toEqual([]);
  expect([...requested].filter((origin) => !origin.startsWith("http://127.0.0.1:"))).toEqual([]);
});
