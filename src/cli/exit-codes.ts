/**
 * SIGTERM stands for `app runs abort` too. The contract of docs and scripts: docs/commands.md, Exit codes.
 */
export const exitCodes = { done: 0, failed: 1, usage: 2, findings: 3, SIGINT: 130, SIGTERM: 143 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
