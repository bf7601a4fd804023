#!/usr/bin/env node
// import-from-redis: the specification's name for `app resplite import`, whose usage errors end with 1.
process.argv.splice(2, 0, "resplite", "import");
await import("../main.ts");
if (process.exitCode === 2) process.exitCode = 1;
