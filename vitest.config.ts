import { defineConfig } from "vitest/config";
import { useLightServers } from "./test/support/light-servers.ts";

useLightServers(process.env); // before any worker or server inherits the environment

/** Tests of test/slow take minutes and several servers each. */
const takesAll = process.env["TEST_FULL"] === "1" || process.env["TEST_FAULTS"] === "all";

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/reporter.ts"],
    projects: [
      // some start the program as a process, which takes its time on a busy machine
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "integration",
          include: ["test/{contract,integration,fault}/**/*.test.ts", ...(takesAll ? ["test/slow/**/*.test.ts"] : [])],
          globalSetup: ["test/support/global-servers.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2, // most of a test is waiting for servers that all files share
        },
      },
    ],
  },
});
