import { tenantIds } from "../../options/scope.ts";
import { readQuery } from "../read-query.ts";
import type { View, ViewParts } from "../view.ts";

const rulesShown = 200;
const daysShown = 400;
const indicesShown = 50;

/** `app elasticsearch retention list`, and when what is archived becomes due. */
export function retentionViews({ sources }: ViewParts): View[] {
  return [
    {
      method: "GET",
      path: "retention/rules",
      async answer({ query }) {
        const { retentionRules } = await import("../../../workflow-logs/retention/rules.ts");
        const { retentionSchedule } = await import("../../../workflow-logs/retention/schedule/schedule.ts");
        const { rules, history } = await retentionRules(
          sources.database,
          readQuery({ tenantId: tenantIds }, query).tenantId,
        );
        return {
          rules: rules.slice(0, rulesShown),
          rulesInAll: rules.length,
          history: history.slice(0, rulesShown),
          schedule: await retentionSchedule(sources.database),
        };
      },
    },
    {
      method: "GET",
      path: "retention/calendar",
      async answer({ query }) {
        const { tenantId } = readQuery({ tenantId: tenantIds }, query);
        const { retentionCalendar } = await import("../../../workflow-logs/retention/calendar.ts");
        const asked = { tenantIds: tenantId, first: indicesShown, now: new Date() };
        const calendar = await retentionCalendar(sources.archive(), asked);
        return { ...calendar, days: calendar.days.slice(0, daysShown), daysInAll: calendar.days.length };
      },
    },
  ];
}
