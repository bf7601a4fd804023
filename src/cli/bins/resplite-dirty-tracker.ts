#!/usr/bin/env node
// resplite-dirty-tracker: the specification's name for `app resplite tracker`, whose usage errors end with 1.
process.argv.splice(2, 0, "resplite", "tracker");
await import("../main.ts");
if (process.exitCode === 2) process.exitCode = 1;
