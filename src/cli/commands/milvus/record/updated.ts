import { AppError } from "../../../../engine/errors.ts";
import type { CommandContext } from "../../../context.ts";

/** Says that the record was changed. Throws AppError when there is none. */
export function updated({ output }: CommandContext, tenant: string, id: string, isThere: boolean): void {
  if (!isThere)
    throw new AppError("no_record", `Tenant ${tenant} has no record ${JSON.stringify(id)}. Nothing was written.`, {
      hint: "Look whether the tenant and the id are right, or write the whole record: app milvus record upsert.",
    });
  output.result({ updated: id }, () => `${id} was changed.`);
}
