/**
 * SIGTERM stands for `app runs abort` too. The contract of docs and scripts: see the table of exit codes in the README.
 */
export const exitCodes = { done: 0, failed: 1, usage: 2, findings: 3, SIGINT: 130, SIGTERM: 143 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
