import type { RecordErrorFilter } from "../../../../workflow-logs/state/record-errors.ts";
import { value } from "../../../options/flags.ts";
import { dataTypeNames, scopeOf, tenantIds as tenantIdFlag } from "../../../options/scope.ts";
import { uuid } from "../../../options/values.ts";

export const filterFlags = {
  tenantId: tenantIdFlag,
  dataType: dataTypeNames,
  runId: value("only those of this run", uuid.optional()),
};

interface Given {
  readonly runId?: string | undefined;
  readonly tenantId: readonly string[];
  readonly dataType: readonly (readonly string[])[];
}

export function filterOf({ runId, tenantId, dataType }: Given): RecordErrorFilter {
  const { tenantIds, dataTypes } = scopeOf({ tenantId, dataType });
  return { runId, tenantIds, dataTypes };
}
