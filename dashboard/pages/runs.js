import { get } from "../api.js";
import { fill, h, message, redraw, table } from "../dom.js";
import { at } from "../format.js";
import { liveRun, Pace } from "./run.js";

/** @type {import("../main.js").Page} */
export const runs = {
  title: "Runs",
  inNavigation: true,
  show({ main, repeat, signal }) {
    const live = h("div");
    const ended = h("div");
    fill(main, h("h2", {}, "Under way"), live, h("h2", {}, "Ended"), ended);
    /** @type {Map<string, Pace>} */
    const paces = new Map();
    void repeat(2000, async () => {
      const { runs: found, unanswered, allowControl } = await get("runs", { limit: 50 }, signal);
      /** @type {any[]} */
      const all = found;
      const going = all.filter(({ status }) => status === "running");
      const cards = going.map((run) => {
        const pace = paces.get(run.id) ?? new Pace();
        paces.set(run.id, pace);
        pace.add(run);
        return liveRun(run, pace, allowControl);
      });
      redraw(live, ...(cards.length > 0 ? cards : [h("p", { class: "faint" }, "No run is under way.")]));
      fill(
        ended,
        ...unanswered.map((/** @type {any} */ { home, message: text }) =>
          message(`${home} does not answer, so its runs are missing: ${text}`, "bad"),
        ),
        table(
          ["run", "command", "status", "started", "ended", "home"],
          all.filter((run) => !going.includes(run)).map(line),
        ),
      );
    });
  },
};

/** @param {any} run */
function line({ id, command, status, startedAt, finishedAt, home }) {
  const isWell = status === "completed";
  return [
    h("a", { href: `#/run?id=${id}` }, id.slice(0, 8)),
    command,
    h("span", { class: isWell ? "good-text" : status === "interrupted" ? "" : "bad-text" }, status),
    at(startedAt),
    at(finishedAt),
    home,
  ];
}
