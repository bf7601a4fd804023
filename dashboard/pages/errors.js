import { get } from "../api.js";
import { facts, fill, h, table } from "../dom.js";
import { at, counted } from "../format.js";

const shown = 50;

/** @type {import("../main.js").Page} */
export const errors = {
  title: "Record errors",
  inNavigation: true,
  async show({ main, query, go, signal }) {
    const tenant = h("input", { name: "tenantId", value: query.get("tenantId") ?? "", size: 36, spellcheck: "false" });
    /** @param {SubmitEvent} event */
    const send = (event) => {
      event.preventDefault();
      go({ tenantId: tenant.value.trim(), afterType: undefined, afterId: undefined });
    };
    const list = h("div", {}, h("p", { class: "faint" }, "Reading …"));
    const others = h("div", {}, h("p", { class: "faint" }, "Reading …"));
    fill(
      main,
      h(
        "p",
        {},
        "Rows that Elasticsearch refused for good. They stay in PostgreSQL, and are never purged while they stand here. app elasticsearch errors retry tries them again.",
      ),
      h(
        "form",
        { class: "filters", submit: send },
        h("label", {}, "tenant id", tenant),
        h("button", { type: "submit" }, "Show"),
      ),
      list,
      h("h2", {}, "Other pipelines"),
      others,
    );
    const asked = Object.fromEntries([...query].filter(([name]) => !name.startsWith("other")));
    const { total, byType, errors: found } = await get("errors", { ...asked, limit: shown }, signal);
    const last = found.at(-1);
    fill(
      list,
      total === 0
        ? h("p", {}, "There are no record errors.")
        : facts([
            ["in all", counted(total)],
            ...Object.entries(byType).map(([type, count]) => /** @type {const} */ ([type, counted(count)])),
          ]),
      total === 0
        ? null
        : table(["data type", "tenant", "month", "id", "type", "attempts", "last seen", "reason"], found.map(line)),
      found.length < shown
        ? null
        : h("button", { type: "button", click: () => go({ afterType: last.dataType, afterId: last.id }) }, "Further"),
    );
    await showOthers(others, query, go, signal);
  },
};

/**
 * @param {HTMLElement} place
 * @param {URLSearchParams} query
 * @param {import("../main.js").Shown["go"]} go
 * @param {AbortSignal} signal
 */
async function showOthers(place, query, go, signal) {
  const [afterScope, afterId] = [query.get("otherScope") ?? undefined, query.get("otherId") ?? undefined];
  const { total, byType, errors: found } = await get("errors/others", { afterScope, afterId, limit: shown }, signal);
  const last = found.at(-1);
  if (total === 0) {
    fill(
      place,
      h(
        "p",
        {},
        "The state file has none. Those of an import into an SQLite file are in that file: app resplite errors list.",
      ),
    );
    return;
  }
  fill(
    place,
    facts([
      ["in all", counted(total)],
      ...Object.entries(byType).map(([type, count]) => /** @type {const} */ ([type, counted(count)])),
    ]),
    table(["of", "id", "type", "attempts", "last seen", "reason"], found.map(otherLine)),
    found.length < shown
      ? null
      : h("button", { type: "button", click: () => go({ otherScope: last.scope, otherId: last.id }) }, "Further"),
  );
}

/** @param {any} error */
function otherLine({ scope, id, type, attempts, lastSeenAt, reason }) {
  return [scope, id, type, attempts, at(lastSeenAt), reason];
}

/** @param {any} error */
function line({ dataType, tenantId, month, id, type, attempts, lastSeenAt, reason }) {
  return [dataType, tenantId, month, id, type, attempts, at(lastSeenAt), reason];
}
