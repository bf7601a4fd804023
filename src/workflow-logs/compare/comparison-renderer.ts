import type { ArchiveSettings } from "../connections.ts";
import { DocumentRenderer } from "../documents/document-renderer.ts";
import type { RowLayout } from "../documents/row-layout.ts";
import { offsetOf } from "../documents/time-zone.ts";
import type { LogType } from "../partitions/log-types.ts";

/** Renders rows to be compared: without search text, which is no part of them and most of what rendering costs. */
export function comparisonRenderer(
  { logType, layout }: { readonly logType: LogType; readonly layout: RowLayout },
  { sourceTimeZone }: Pick<ArchiveSettings, "sourceTimeZone">,
): DocumentRenderer {
  return new DocumentRenderer(logType, layout, {
    searchText: "off",
    sourceOffset: offsetOf(sourceTimeZone),
    copiedAt: new Date().toISOString(),
  });
}
