import { dataTypes, type Partition } from "../../../workflow-logs/partitions/log-types.ts";
import type { StatusReport } from "../../../workflow-logs/status.ts";
import { value } from "../../options/flags.ts";
import { oneTenant } from "../../options/scope.ts";
import { anyText, oneOf, option, wholeNumber } from "../../options/values.ts";
import { CoverageIndex } from "../coverage-page.ts";
import { readQuery } from "../read-query.ts";
import { Remembered } from "../remembered.ts";
import type { View, ViewParts } from "../view.ts";

/** Counting the rows of 20,000 tenants is work for both stores: all who look share one answer for so long. */
const ages = { freshMillis: 20_000, usableMillis: 120_000 };

const month = option("a month, as YYYY-MM", (text) => (/^\d{4}-(0[1-9]|1[0-2])$/.test(text) ? text : undefined));
const dataType = value("data type", oneOf(...dataTypes));

const pageFlags = {
  dataType,
  tenant: value("a part of a tenant's id", anyText.optional()),
  state: value("only tenants with a month in this state", anyText.optional()),
  from: value("tenants to pass over", wholeNumber(0, 10_000_000).default(0)),
  limit: value("tenants", wholeNumber(1, 100).default(50)),
  monthsBack: value("newest months to pass over", wholeNumber(0, 10_000).default(0)),
  months: value("months", wholeNumber(1, 36).default(24)),
};

/** `app elasticsearch status`, tenants by months, and one month with its proof. */
export function coverageViews({ sources }: ViewParts): View[] {
  const remembered = new Remembered(ages, async () => {
    const { status } = await import("../../../workflow-logs/status.ts");
    const report = await status(sources.archive(), []);
    return { index: new CoverageIndex(report), summary: summaryOf(report) };
  });
  return [
    {
      method: "GET",
      path: "coverage",
      async answer({ query }) {
        const { tenant = "", ...asked } = readQuery(pageFlags, query);
        const { at, answer } = await remembered.get();
        return { asOf: at.toISOString(), ...answer.index.page({ ...asked, tenant }), summary: answer.summary };
      },
    },
    {
      method: "GET",
      path: "coverage/month",
      async answer({ query }) {
        const asked = readQuery({ dataType, tenantId: oneTenant, month: value("month", month) }, query);
        const { partitionFacts } = await import("../../../workflow-logs/partition-facts.ts");
        return partitionFacts(sources.archive(), asked satisfies Partition);
      },
    },
  ];
}

const notesShown = 20;

/** What status says of the archive as a whole. */
function summaryOf(report: StatusReport) {
  const { archive, templates, tables, capture, recordErrors, indices, budget, lostCopies, notes, schedule } = report;
  return {
    archive: archive.id,
    problems: [...lostCopies.map(({ message }) => message), ...archive.problems].slice(0, notesShown),
    templates: templates.filter(({ state }) => state !== "current"),
    tables,
    capture,
    recordErrors: Object.values(recordErrors).reduce((sum, count) => sum + count, 0),
    indices: { count: indices.length, bytes: indices.reduce((sum, { bytes }) => sum + bytes, 0) },
    budget,
    nextSweep: schedule?.next[0] ?? null,
    notes: notes.slice(0, notesShown),
    notesInAll: notes.length,
  };
}
