import type { ClusterInfo } from "../../stores/elasticsearch/cluster.ts";
import { missingPrivileges } from "../../stores/elasticsearch/privileges.ts";
import { loadTemplates } from "../../stores/elasticsearch/indices/template-files.ts";
import { templateStates } from "../../stores/elasticsearch/indices/templates.ts";
import { captureState } from "../capture/status.ts";
import { resources } from "../partitions/log-types.ts";
import { budgetOf, isSoonUsedUp, paceText, wayOutOfDisk, wayOutOfShards } from "../budget.ts";
import type { Estimates } from "../migrate/dry-run.ts";
import { monthBounds } from "../partitions/months.ts";
import { type Check, fail, type Finding, ok, type PlanCheck, warn } from "./finding.ts";

/**
 * Red may be the matter of an index that is not ours, on a cluster that is shared; one of ours is refused where it is
 * written.
 */
export const elasticsearchHealth: Check = async ({ cluster }) => {
  const text = `Elasticsearch ${cluster.version}, ${cluster.nodes} node${cluster.nodes === 1 ? "" : "s"}, ${cluster.health}`;
  if (cluster.health === "red")
    return [warn("elasticsearch", text, "Some primary shards are missing: look which indices they belong to.")];
  return [ok("elasticsearch", text)];
};

/** What only some commands need; without it they leave rows waiting, and nothing else. */
export const deletePrivilege: Check = async ({ connections }) => {
  if (!(await captureState(connections)).installed) return [];
  const { elasticsearch, settings } = connections;
  const only = { cluster: [], index: ["delete"] };
  const missing = await missingPrivileges(elasticsearch, settings.template.prefix, resources, only);
  if (missing.length === 0) return [ok("delete privilege", "documents can follow rows that move")];
  return [
    warn(
      "delete privilege",
      `Missing: ${missing.join("; ")}. Capture is installed, and a row that moves to another month or tenant leaves its document behind: its note waits.`,
      "Give the index privilege delete to the role of ELASTICSEARCH_USERNAME or of the API key.",
    ),
  ];
};

export const templates: Check = async ({ connections }) => {
  const states = await templateStates(connections.elasticsearch, connections.settings.template);
  return states.map(({ name, state }): Finding => {
    if (state === "foreign")
      return fail(
        "template",
        `${name}: another template decides over our index names.`,
        "app elasticsearch migrate names it; delete or rename it, or choose another ELASTICSEARCH_INDEX_PREFIX.",
      );
    if (state === "newer")
      return fail("template", `${name} was installed by a newer version of this program.`, "Use that version.");
    return ok("template", state === "current" ? `${name} is current` : `${name} is ${state}; migrate installs it`);
  });
};

export const shardBudget: PlanCheck = ({ cluster }, { report, indices }) => {
  const { shards } = budgetOf(withNew(cluster, report.estimates), indices, new Date());
  const finding = shardBudgetFinding(cluster, report.estimates);
  const message = `${finding.message.replace(/\.$/, "")}${paceText(shards, (count) => `${count.toLocaleString("en-US")} shards`)}.`;
  if (finding.level === "ok")
    return [isSoonUsedUp(shards) ? warn("shards", message, wayOutOfShards) : { ...finding, message }];
  if (report.counts === "exact") return [{ ...finding, message }];
  const most = `${message} These are as many as there can be, by the planner's statistics.`;
  return [warn("shards", most, `--exact counts them. ${finding.hint}`)];
};

function withNew(cluster: ClusterInfo, { shards, targetBytes }: Estimates): ClusterInfo {
  const { used, limit } = cluster.shards;
  const disks = cluster.disks.map((disk) => ({ ...disk, free: disk.free - targetBytes / cluster.disks.length }));
  return { ...cluster, shards: { used: used + shards, limit }, disks };
}

/** In the dedicated layout 36 indices for each tenant and year meet the limit of 1000 shards a node at about 27 tenants. */
export function shardBudgetFinding(
  { shards: { used, limit } }: ClusterInfo,
  { indices, shards }: { indices: number; shards: number },
): Finding {
  const text = `${used} shards used, ${shards} more for ${indices} new indices, ${limit} allowed`;
  if (used + shards > limit) {
    return fail(
      "shards",
      `${text}.`,
      "Add data nodes, raise cluster.max_shards_per_node, or migrate fewer tenants or months (--tenant-id, --start-date).",
    );
  }
  if (used + shards > 0.8 * limit)
    return warn("shards", `${text}.`, "Little is left: plan for more data nodes or a shorter retention.");
  return ok("shards", text);
}

export const diskSpace: PlanCheck = ({ cluster }, { report, indices }) => {
  const { targetBytes } = report.estimates;
  const now = new Date();
  const room = budgetOf(cluster, indices, now).disk.left;
  const afterwards = budgetOf(withNew(cluster, report.estimates), indices, now).disk;
  const text = `about ${megabytes(targetBytes)} to be written, ${megabytes(room)} free below the high watermark`;
  if (targetBytes > room)
    return [
      fail("disk", `${text}.`, `${wayOutOfDisk} Or migrate fewer tenants or months (--tenant-id, --start-date).`),
    ];
  const message = `${text}${paceText(afterwards, megabytes)}`;
  return [isSoonUsedUp(afterwards) ? warn("disk", `${message}.`, wayOutOfDisk) : ok("disk", message)];
};

/** Columns that the mapping does not know travel in the document but cannot be searched or filtered. */
export const columnDrift: Check = async ({ sources }) =>
  sources.map(({ table, logType }) => {
    const template = loadTemplates().find(({ resource }) => resource === logType.resource);
    const mapped = Object.keys(template?.body.template.mappings.properties ?? {});
    const unknown = table.columns.map((column) => column.name).filter((name) => !mapped.includes(name));
    const check = `columns of ${table.name}`;
    if (unknown.length === 0) return ok(check, "all known");
    return warn(
      check,
      `Unknown columns: ${unknown.join(", ")}.`,
      "They are archived exactly, but cannot be filtered by.",
    );
  });

/** History that is copied now only to be dropped by the next sweep is wasted work, and a surprise. */
export const retention: PlanCheck = ({ connections }, plan) => {
  if (plan.report.counts === "estimated")
    return [ok("retention", "not looked at: months are not counted; --exact does")];
  const { retentionDays } = connections.settings;
  const cutoff = new Date(Date.now() - retentionDays * 86_400_000).toISOString();
  const old = plan.partitions.filter((partition) => monthBounds(partition.month).to.replace(" ", "T") <= cutoff);
  if (old.length === 0) return [ok("retention", `nothing to be copied is older than ${retentionDays} days`)];
  const rows = old.reduce((sum, partition) => sum + partition.rows, 0);
  return [
    warn(
      "retention",
      `${rows.toLocaleString("en-US")} rows in ${old.length} partitions are older than the retention of ${retentionDays} days; a retention sweep would drop them.`,
      "Raise ELASTICSEARCH_RETENTION_DAYS, or leave them out with --start-date.",
    ),
  ];
};

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024).toLocaleString("en-US")} MB`;
}
