import { UsageError } from "../../engine/errors.ts";

/** Weaviate's rule for the name of a tenant. */
const valid = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Throws UsageError for a name that Weaviate does not take: the tenant could not be in both stores. Nothing was
 * touched.
 */
export function checkTenant(tenant: string): void {
  if (typeof tenant === "string" && valid.test(tenant)) return;
  throw new UsageError("invalid_tenant", `${JSON.stringify(tenant)} is no name of a tenant.`, {
    hint: "A name has 1 to 64 of a-z, A-Z, 0-9, _ and -.",
  });
}
