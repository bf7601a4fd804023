import type { StateFile } from "../../stores/sqlite/state-file.ts";

/** The outcome of the last full verification of a tenant. */
export interface Proof {
  readonly status: "match" | "mismatch";
  readonly report: object;
  readonly verifiedAt: string;
}

export async function saveProof(
  state: StateFile,
  tenant: string,
  status: Proof["status"],
  report: object,
): Promise<void> {
  await state.write((db) =>
    db
      .prepare(
        `insert into vector_proofs (tenant, status, report, verified_at) values (?, ?, ?, ?)
         on conflict (tenant) do update set status = excluded.status, report = excluded.report, verified_at = excluded.verified_at`,
      )
      .run(tenant, status, JSON.stringify(report), new Date().toISOString()),
  );
}

export function readProof(state: StateFile, tenant: string): Promise<Proof | undefined> {
  return state.read((db) => {
    const row = db.prepare("select status, report, verified_at from vector_proofs where tenant = ?").get(tenant);
    return (
      row && {
        status: row["status"] as Proof["status"],
        report: JSON.parse(row["report"] as string) as object,
        verifiedAt: row["verified_at"] as string,
      }
    );
  });
}
