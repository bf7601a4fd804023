import { z } from "zod";
import { value } from "../values.ts";

export interface DashboardConfig {
  readonly token?: string | undefined;
}

/** Short ones can be guessed over the network. */
const leastToken = 24;

/** The web page of `app dashboard`. */
export const dashboard = z
  .object({
    DASHBOARD_TOKEN: value(
      `a secret of at least ${leastToken} characters, such as \`openssl rand -hex 32\` prints`,
      (text) => (text.trim().length >= leastToken ? text.trim() : undefined),
    )
      .optional()
      .describe("that who opens `app dashboard` must give; needed where it listens beyond this machine"),
  })
  .transform((given): DashboardConfig => ({ token: given.DASHBOARD_TOKEN }));
