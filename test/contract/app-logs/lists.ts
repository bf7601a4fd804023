import { describe, expect, it } from "vitest";
import type { AppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/app-log-repository.ts";
import { wildTenants } from "../workflow-runs/contract.ts";
import { testId } from "../workflow-runs/runs-archive.ts";
import { busyApp, busyLogs, idsOf, tenantId } from "./logs-archive.ts";

/**
 * Ids of the busy app's logs `l`, with their run `r`, end user `e` and account `a`, for which a condition in SQL holds,
 * newest first.
 */
export type Expected = (condition: string) => Promise<string[]>;

export function listContract(given: () => AppLogRepository, rows: Expected): void {
  const app = { tenantId, appId: busyApp };

  describe("getPaginatedAppLogs", () => {
    it("pages through all logs, each once, newest first, also behind 10,000", async () => {
      const expected = await rows("true");
      expect(expected.length).toBeGreaterThan(busyLogs);
      const limit = 100;
      const last = Math.ceil(expected.length / limit);
      const middle = Math.ceil(last / 2);
      for (const page of [1, 2, 50, middle - 1, middle, middle + 1, 99, 100, 101, 102, last - 1, last]) {
        const found = await given().getPaginatedAppLogs({ ...app, page, limit });
        expect(idsOf(found), `page ${page}`).toEqual(expected.slice((page - 1) * limit, page * limit));
        expect(found).toMatchObject({ page, limit, total: expected.length, hasMore: page < last });
      }
      const beyond = await given().getPaginatedAppLogs({ ...app, page: 99_999, limit });
      expect(beyond).toEqual({ page: 99_999, limit, total: expected.length, hasMore: false, data: [] });
      expect(await given().countAppLogs(app)).toBe(expected.length);
    });

    it("reaches every log by pages of any size", async () => {
      const query = { ...app, createdAtAfter: "2025-09-10T10:00:00Z", createdAtBefore: "2025-09-10T10:00:10Z" };
      const expected = await rows("l.created_at BETWEEN '2025-09-10 10:00:00' AND '2025-09-10 10:00:10'");
      for (const limit of [5, 7, 13, 100]) {
        const found: string[] = [];
        for (let page = 1, more = true; more; page++) {
          const { hasMore, ...rest } = await given().getPaginatedAppLogs({ ...query, page, limit });
          found.push(...idsOf({ hasMore, ...rest }));
          more = hasMore;
        }
        expect(found).toEqual(expected);
      }
    });

    it.each([
      ["status", { status: "failed" }, "r.status = 'failed'"],
      ["a status that none has", { status: "Failed" }, "false"],
      ["session", { createdByEndUserSessionId: "session-2" }, "e.session_id = 'session-2'"],
      ["a part of a session", { createdByEndUserSessionId: "session" }, "false"],
      ["account", { createdByAccount: "one@example.com" }, "a.email = 'one@example.com'"],
      ["an account that is none", { createdByAccount: "nobody@example.com" }, "false"],
      ["from a second on", { createdAtAfter: "2025-09-10T10:20:00Z" }, "l.created_at >= '2025-09-10 10:20:00'"],
      ["up to a second", { createdAtBefore: "2025-09-10T11:00:03+01:00" }, "l.created_at <= '2025-09-10 10:00:03'"],
      ["before 1970", { createdAtBefore: "1969-12-31T23:59:59.999999Z" }, "l.created_at < '1970-01-01'"],
      ["behind what is indexed", { createdAtAfter: "2262-05-01T00:00:00Z" }, "l.created_at > '2262-05-01'"],
      [
        "everything at once",
        { status: "stopped", createdByEndUserSessionId: "session-1", createdAtBefore: "2025-09-10T10:10:00Z" },
        "r.status = 'stopped' AND e.session_id = 'session-1' AND l.created_at <= '2025-09-10 10:10:00'",
      ],
    ])("filters by %s", async (_, filters, condition) => {
      const expected = await rows(condition);
      if (condition !== "false") expect(expected.length).toBeGreaterThan(0);
      const found = await given().getPaginatedAppLogs({ ...app, ...filters, limit: 100 });
      expect(idsOf(found)).toEqual(expected.slice(0, 100));
      expect(found.total).toBe(expected.length);
      expect(await given().countAppLogs({ ...app, ...filters })).toBe(expected.length);
    });

    it("has logs without their run unless a status or keyword is asked for; another tenant's run is none", async () => {
      const orphans = await rows("r.id IS NULL");
      expect(orphans).toHaveLength(3);
      const day = { createdAtAfter: "2025-10-20T00:00:00Z", createdAtBefore: "2025-10-20T23:59:59Z" };
      const listed = await given().getPaginatedAppLogs({ ...app, ...day });
      expect(idsOf(listed)).toEqual(orphans);
      for (const { workflowRun } of listed.data) expect(workflowRun).toBeNull();
      for (const filter of [{ status: "succeeded" }, { keyword: "session-1" }, { keyword: "orphan" }])
        expect(await given().countAppLogs({ ...app, ...day, ...filter })).toBe(0);
    });

    it("shows the run exactly, what triggered it and who", async () => {
      const [id] = await rows("r.status = 'failed' AND e.session_id = 'session-1'");
      const shown = (await given().getAppLogById(tenantId, id!))!;
      expect(shown).toMatchObject({
        id,
        appId: busyApp,
        createdFrom: "service-api",
        createdByRole: "end_user",
        triggerMetadata: '{"type": "trigger-webhook"}',
        endUser: { id: shown.createdBy, sessionId: "session-1" },
        account: null,
      });
      expect(Object.keys(shown.workflowRun!)).toEqual(
        "id version status triggeredFrom error elapsedTime totalTokens totalSteps createdAt finishedAt exceptionsCount".split(
          " ",
        ),
      );
      expect(shown.workflowRun!.totalTokens).toBeGreaterThan(9007199254740993n);
      expect(shown.workflowRun).toMatchObject({
        id: shown.workflowRunId,
        status: "failed",
        createdAt: shown.createdAt,
      });
      const [byAccount] = await rows("a.email = 'one@example.com'");
      expect(await given().getAppLogById(tenantId, byAccount!)).toMatchObject({
        endUser: null,
        account: { id: testId("one@example.com"), email: "one@example.com" },
      });
    });

    it.each([
      [{ page: 0 }, "invalid_page"],
      [{ page: 100_000 }, "invalid_page"],
      [{ page: 1.5 }, "invalid_page"],
      [{ limit: 0 }, "invalid_limit"],
      [{ limit: 101 }, "invalid_limit"],
      [{ createdAtAfter: "2025-09-10" }, "invalid_time"],
      [{ createdAtBefore: "now" }, "invalid_time"],
    ])("refuses %j", async (query, code) => {
      await expect(given().getPaginatedAppLogs({ ...app, ...query })).rejects.toMatchObject({ code });
    });
  });

  describe("a tenant id that is none", () => {
    it("has no logs, in any read", async () => {
      const [id] = await rows("true");
      for (const wild of wildTenants(tenantId)) {
        const query = { tenantId: wild, appId: busyApp };
        expect(await given().getPaginatedAppLogs(query), wild).toMatchObject({ data: [], total: 0, hasMore: false });
        expect(await given().getPaginatedAppLogs({ ...query, keyword: "x", status: "failed" })).toMatchObject({
          total: 0,
        });
        expect(await given().countAppLogs(query)).toBe(0);
        expect(await given().getAppLogById(wild, id!)).toBeUndefined();
      }
      for (const odd of ["*", "", id!.toUpperCase(), "../_search", "x".repeat(1000)])
        expect(await given().getAppLogById(tenantId, odd)).toBeUndefined();
      expect(await given().countAppLogs({ tenantId, appId: "*" })).toBe(0);
    });
  });
}
