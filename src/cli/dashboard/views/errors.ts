import { reportErrors } from "../../../runs/record-errors.ts";
import { filterFlags, filterOf } from "../../commands/elasticsearch/errors/filter.ts";
import { value } from "../../options/flags.ts";
import { anyText, wholeNumber } from "../../options/values.ts";
import { readQuery } from "../read-query.ts";
import type { View, ViewParts } from "../view.ts";

const flags = {
  ...filterFlags,
  limit: value("how many", wholeNumber(1, 100).default(50)),
  afterType: value("the data type of the last that was seen", anyText.optional()),
  afterId: value("its id", anyText.optional()),
};

/** `app elasticsearch errors list`, page by page. */
export function errorViews({ sources }: ViewParts): View[] {
  return [
    {
      method: "GET",
      path: "errors",
      async answer({ query }) {
        const { limit, afterType, afterId, ...given } = readQuery(flags, query);
        const { archiveRecordErrors, listRecordErrors } = await import("../../../workflow-logs/state/record-errors.ts");
        const { appliedMigrations } = await import("../../../workflow-logs/state/upgrade.ts");
        const { state } = sources.database;
        if ((await appliedMigrations(state)).length === 0) return { total: 0, byType: {}, errors: [] };
        const errors = archiveRecordErrors(state);
        const filter = filterOf(given);
        if (afterType === undefined || afterId === undefined) return reportErrors(errors, filter, limit);
        const after = { dataType: afterType, id: afterId };
        const behind = { ...errors, list: () => listRecordErrors(state, filter, limit, after) };
        return reportErrors(behind, filter, limit);
      },
    },
  ];
}
