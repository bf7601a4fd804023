#!/usr/bin/env node
// resplite-import: the specification's name for `app resplite`, whose usage errors end with 1.
process.argv.splice(2, 0, "resplite");
await import("../main.ts");
if (process.exitCode === 2) process.exitCode = 1;
