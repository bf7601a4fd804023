import { get } from "../api.js";
import { facts, fill, h, message, table } from "../dom.js";
import { at, counted, sized } from "../format.js";

/** @type {import("../main.js").Page} */
export const retention = {
  title: "Retention",
  inNavigation: true,
  async show({ main, query, go, signal }) {
    const tenant = h("input", { name: "tenantId", value: query.get("tenantId") ?? "", size: 36, spellcheck: "false" });
    /** @param {SubmitEvent} event */
    const send = (event) => {
      event.preventDefault();
      go({ tenantId: tenant.value.trim() });
    };
    const [calendar, rules] = [h("div"), h("div")];
    fill(
      main,
      h(
        "form",
        { class: "filters", submit: send },
        h("label", {}, "tenant id", tenant),
        h("button", { type: "submit" }, "Show"),
      ),
      calendar,
      rules,
    );
    const asked = { tenantId: query.get("tenantId") ?? undefined };
    // each stands for itself: the rules are also known while Elasticsearch is away
    await Promise.all([
      part(calendar, async () => calendarOf(await get("retention/calendar", asked, signal))),
      part(rules, async () => rulesOf(await get("retention/rules", asked, signal))),
    ]);
  },
};

/**
 * @param {HTMLElement} place
 * @param {() => Promise<readonly import("../dom.js").Child[]>} read
 */
async function part(place, read) {
  try {
    fill(place, ...(await read()));
  } catch (error) {
    fill(place, message(error instanceof Error ? error.message : String(error), "bad"));
  }
}

/** @param {any} calendar */
function calendarOf({ now, retentionDays, days, daysInAll, next, held }) {
  const today = now.slice(0, 10);
  return [
    h("h2", {}, "What goes next"),
    h(
      "p",
      { class: "faint" },
      "The earliest day by month and rules as they are now; a sweep also looks at the newest document. Nothing goes by itself unless a sweep is scheduled.",
    ),
    table(
      ["due", "data type", "tenant", "month", "days", "documents", "on disk"],
      next.map((/** @type {any} */ { dueAt, dataType, tenantId, month, retentionDays: kept, documents, bytes }) => [
        dueAt.slice(0, 10) <= today ? h("strong", {}, `${dueAt.slice(0, 10)}, due now`) : dueAt.slice(0, 10),
        dataType,
        tenantId,
        month,
        kept,
        documents,
        sized(bytes),
      ]),
    ),
    h("h2", {}, "Calendar"),
    facts([
      ["days, where no rule says otherwise", counted(retentionDays)],
      ["held", held.indices === 0 ? "nothing" : `${counted(held.indices)} indices, ${sized(held.bytes)}`],
    ]),
    table(
      ["day", "tenants", "indices", "documents", "on disk"],
      days.map((/** @type {any} */ { day, tenants, indices, documents, bytes }) => [
        day,
        tenants,
        indices,
        documents,
        sized(bytes),
      ]),
    ),
    daysInAll > days.length ? h("p", { class: "faint" }, `and ${counted(daysInAll - days.length)} more days`) : null,
  ];
}

/** @param {any} found */
function rulesOf({ rules, rulesInAll, history, schedule }) {
  return [
    h("h2", {}, "Schedule"),
    schedule === null
      ? h("p", {}, "No sweeps are scheduled.")
      : facts([
          ["cron", `${schedule.cron} (${schedule.timezone})`],
          ["next", schedule.next.map(at).join(", ")],
          ["worker seen", at(schedule.workerSeenAt) || "never"],
          [
            "last",
            schedule.lastRun === null ? "none yet" : `${schedule.lastRun.state}, ${at(schedule.lastRun.finishedAt)}`,
          ],
        ]),
    h("h2", {}, "Rules and holds"),
    rules.length === 0
      ? h("p", {}, "No days and no holds are set.")
      : table(
          ["tenant", "data type", "days", "held", "reason", "by"],
          rules.map((/** @type {any} */ { tenantId, dataType, days, held, hold }) => [
            tenantId,
            dataType,
            days ?? "default",
            held ? "held" : "no",
            hold?.reason,
            hold?.by,
          ]),
        ),
    rulesInAll > rules.length
      ? h("p", { class: "faint" }, `and ${counted(rulesInAll - rules.length)} more: ask for a tenant`)
      : null,
    history.length === 0
      ? null
      : h(
          "details",
          {},
          h("summary", {}, "History"),
          table(
            ["when", "who", "tenant", "data type", "what", "reason"],
            history.map((/** @type {any} */ { changedAt, changedBy, tenantId, dataType, action, days, reason }) => [
              at(changedAt),
              changedBy,
              tenantId,
              dataType,
              action === "set" ? `set ${days ?? "default"}` : action,
              reason,
            ]),
          ),
        ),
  ];
}
