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

const othersFlags = {
  limit: flags.limit,
  afterScope: value("the scope of the last that was seen", anyText.optional()),
  afterId: value("its id", anyText.optional()),
};

/** `app elasticsearch errors list`, and what the state file has of the other pipelines, page by page. */
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
    {
      method: "GET",
      path: "errors/others",
      async answer({ query }) {
        const { limit, afterScope: scope, afterId: id } = readQuery(othersFlags, query);
        const { openExistingStateFile } = await import("../../../stores/sqlite/state-file.ts");
        const { SqliteRecordErrors } = await import("../../../stores/sqlite/record-errors.ts");
        using file = await openExistingStateFile(sources.stateFile);
        if (file === undefined) return { total: 0, byType: {}, errors: [] };
        const errors = new SqliteRecordErrors(file);
        const after = scope === undefined || id === undefined ? undefined : { ...unknown, scope, id };
        const behind = { countByType: () => errors.countByType({}), list: () => errors.list({}, limit, after) };
        return await reportErrors(behind, {}, limit);
      },
    },
  ];
}

/** Of an entry of which only its place is known. */
const unknown = { type: "", reason: "", attempts: 0, lastSeenAt: "" };
