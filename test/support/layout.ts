/** The layout of indices that test archives are made with; `TEST_LAYOUT=shared` runs any test in the shared one. */
export const testLayout = process.env["TEST_LAYOUT"] === "shared" ? "shared" : "dedicated";

/** The place of a tenant's month as the documentation names it. */
export function placeName(prefix: string, resource: string, tenantId: string, month: string): string {
  return testLayout === "shared"
    ? `${prefix}-${resource}-~shared-${month}/${tenantId}`
    : `${prefix}-${resource}-${tenantId}-${month}`;
}

/** Path of one document, by its place and id: in a shared index it has the tenant's name before its id. */
export function documentPath(place: string, endpoint: "_doc" | "_source", id: string): string {
  const [index, tenantId] = place.split("/");
  return tenantId === undefined
    ? `${index}/${endpoint}/${id}`
    : `${index}/${endpoint}/${tenantId}:${id}?routing=${tenantId}`;
}
