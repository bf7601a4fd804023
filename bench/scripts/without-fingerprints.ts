/** node --import: the program as it is, but that rows are purged without the fingerprint of their document. */
import { registerHooks } from "node:module";

const line = "document: document && markOf(document)";

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith("/cleanup/delete-rows.js")) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString("utf8");
    if (!source.includes(line)) throw new Error(`delete-rows has no ${line} any more`);
    return { ...loaded, source: source.replace(line, "document: undefined") };
  },
});
