import { parseIndexName } from "../../stores/elasticsearch/indices/index-names.ts";
import { dataTypeOf, logTypes, type Partition } from "./log-types.ts";
import { isInScope, type Scope } from "./scope.ts";

/** The months of the scope whose index has another name: theirs is an alias, as a shrink or clone leaves it. */
export function aliasedMonths(
  aliases: readonly { readonly name: string }[],
  prefix: string,
  scope: Scope,
): Partition[] {
  const resources = scope.dataTypes.map((type) => logTypes[type].resource);
  return aliases.flatMap(({ name }): Partition[] => {
    const address = parseIndexName(prefix, resources, name);
    if (address === undefined) return [];
    const { resource, tenantId, month } = address;
    const partition: Partition = { dataType: dataTypeOf(resource), tenantId, month };
    return isInScope(partition, scope) ? [partition] : [];
  });
}
