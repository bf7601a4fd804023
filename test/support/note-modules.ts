import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";

/**
 * Loaded before a program (`node --import`): at its end the file NOTE_MODULES names every module that it loaded, one a
 * line.
 */
const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.on("exit", () => writeFileSync(process.env["NOTE_MODULES"] ?? "", loaded.join("\n")));
