import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { lostCopies } from "../lost-copies.ts";
import { resources } from "../partitions/log-types.ts";
import { changedSettings, otherSchema } from "../archive/changed-settings.ts";
import { promotionOf } from "../archive/note-claim.ts";
import { type Check, fail, type Finding, ok, warn } from "./finding.ts";

const check = "archive";

/** Whether documents are gone that were the only copy of their rows. */
export const onlyCopiesThere: Check = async ({ connections }) => {
  const { elasticsearch, archive, settings } = connections;
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources);
  const lost = await lostCopies(connections, indices, []);
  return lost.map((one) =>
    warn("only copies", one.message, "Before anything else: a later run would make an empty index in its place."),
  );
};

/** Whether the archive belongs to this database, with these settings. */
export const archiveIdentity: Check = async ({ connections }) => {
  const { row, here, claims, objection } = await connections.archive.facts();
  const way =
    "app elasticsearch takeover --dry-run says what it would take for this database to go on with the archive.";
  if (objection !== undefined) return [fail(check, objection.message, way)];
  const other = otherSchema(row, here);
  if (other !== undefined) return [fail(check, other.message, other.hint)];
  const changed = await changedSettings(connections, row);
  const findings: Finding[] = changed.map(({ variable, stored, given }) =>
    fail(check, `${variable} is ${given}; the archive was made with ${stored}.`, `Set ${variable}=${stored}. ${way}`),
  );
  const promotion = row && promotionOf(row.timeline, here.timeline);
  if (promotion !== undefined)
    findings.push(warn(check, promotion, "Stop the other one, or take the archive over from it."));
  if (here.systemIdentifier === null) {
    findings.push(
      warn(
        check,
        "The server's identifier cannot be read, so a dump restored on another server may look like the original until one of the two has written.",
        "GRANT EXECUTE ON FUNCTION pg_control_system() TO this role, where the server has it.",
      ),
    );
  }
  if (claims === undefined)
    findings.push(warn(check, "Claims of other archives cannot be read.", "Give the role manage_index_templates."));
  if (findings.length > 0) return findings;
  if (row === undefined || row.claimed_at === null) return [ok(check, "the first run will claim it for this database")];
  return [ok(check, `${row.id}, of this database`)];
};
