import { afterAll, vi } from "vitest";

// The contract of tenants whose ids are the beginnings of others', in indices that they share.

vi.hoisted(() => void (process.env["TEST_LAYOUT"] = "shared"));
afterAll(() => void delete process.env["TEST_LAYOUT"]);

await import("../../contract/workflow-runs/text-tenants.test.ts");
