import { get, post } from "../api.js";
import { drawCurve } from "../curve.js";
import { facts, fill, h, message, redraw } from "../dom.js";
import { at, counted, lasting, sized } from "../format.js";

/** A run's rate is that of the last minute. */
const windowMillis = 60_000;
const pointsKept = 900;

/** How far a run was when, as this page saw it. */
export class Pace {
  constructor() {
    /** @type {{ at: number, done: number, bytes: number | null }[]} */
    this.points = [];
    /** What became of the last control that was pressed: it stays when the rest is drawn anew. */
    this.said = h("div");
  }

  /** @param {{ heartbeatAt: string, progress: { done: number, bytes: number | null } | null }} run */
  add({ heartbeatAt, progress }) {
    if (progress === null) return;
    const point = { at: Date.parse(heartbeatAt), done: progress.done, bytes: progress.bytes };
    if (this.points.at(-1)?.at === point.at) return;
    this.points.push(point);
    if (this.points.length > pointsKept) this.points.shift();
  }

  /** Rows a second; undefined before there are two points. */
  get rate() {
    return rateOf(this.points);
  }

  /** Rows a second from each point to the next, with the times in seconds. */
  get curve() {
    const pairs = this.points.slice(1).map((point, before) => /** @type {const} */ ([this.points[before], point]));
    return {
      times: pairs.map(([, { at: time }]) => time / 1000),
      rates: pairs.map(([a, b]) => rateOf(a === undefined ? [] : [a, b]) ?? 0),
    };
  }
}

/** @param {readonly { at: number, done: number }[]} points */
function rateOf(points) {
  const last = points.at(-1);
  const first = points.find(({ at: time }) => last !== undefined && last.at - time <= windowMillis);
  if (last === undefined || first === undefined || last.at <= first.at) return undefined;
  return Math.max(0, ((last.done - first.done) * 1000) / (last.at - first.at));
}

/**
 * @param {any} run
 * @param {Pace} pace
 * @param {boolean} allowControl
 */
export function liveRun(run, pace, allowControl) {
  const { id, command, startedAt, waiting, requested, limits, progress } = run;
  const curve = h("div", { class: "curve" });
  if (pace.points.length > 2) void drawCurve(curve, pace.curve);
  return h(
    "section",
    { class: "card", "data-run": id },
    h("h2", {}, h("a", { href: `#/run?id=${id}` }, `${command} ${id.slice(0, 8)}`)),
    progress !== null && progress.total > 0
      ? h("progress", { max: progress.total, value: Math.min(progress.done, progress.total) })
      : null,
    waiting === null ? null : message(`Waiting: ${waiting}`),
    requested.state === "running" ? null : message(`Asked to be ${requested.state} by ${requested.by ?? "somebody"}`),
    facts([...progressFacts(progress, pace.rate), ["started", at(startedAt)], ["limits", limitsText(limits)]]),
    curve,
    allowControl && limits !== null ? controls(run, pace.said) : null,
  );
}

/**
 * @param {any} progress
 * @param {number | undefined} rate
 * @returns {[string, string | null][]}
 */
function progressFacts(progress, rate) {
  if (progress === null) return [["progress", "its report does not count"]];
  const { done, total, failed, bytes, partitions } = progress;
  const left = total === null ? undefined : total - done;
  const remaining =
    left === undefined || rate === undefined || rate === 0 ? null : left <= 0 ? "about to end" : lasting(left / rate);
  return [
    ["rows", total === null ? counted(done) : `${counted(done)} of ${counted(total)}`],
    ["rate", rate === undefined ? "measuring" : `${counted(Math.round(rate))} rows/s`],
    ["remaining", remaining],
    ["written", sized(bytes)],
    ["failed", failed > 0 ? counted(failed) : null],
    ["partitions", partitions === null ? null : `${counted(partitions.done)} of ${counted(partitions.total)}`],
  ];
}

/** @param {any} limits */
function limitsText(limits) {
  if (limits === null) return "obeys none: it was started by an older version";
  const { concurrency, batchRows, recordsPerSecond, bytesPerSecond } = limits;
  return [
    concurrency === undefined ? "" : `${concurrency} batches in flight`,
    batchRows === undefined ? "" : `${batchRows} rows a batch`,
    recordsPerSecond ? `${counted(recordsPerSecond)} rows/s` : "",
    bytesPerSecond ? `${sized(bytesPerSecond)}/s` : "",
  ]
    .filter((text) => text !== "")
    .join(", ");
}

/** @param {any} run @param {HTMLElement} said */
function controls({ id, requested, limits }, said) {
  /** @param {string} path @param {object} body @param {string} done */
  const send = async (path, body, done) => {
    try {
      await post(`api/runs/${encodeURIComponent(id)}/${path}`, body);
      fill(said, message(done));
    } catch (error) {
      fill(said, message(error instanceof Error ? error.message : String(error), "bad"));
    }
  };
  /** @param {string} action @param {string} label @param {string} done */
  const button = (action, label, done) =>
    h("button", { type: "button", "data-action": action, click: () => void send(action, {}, done) }, label);
  const abort = () => {
    if (confirm(`Abort run ${id.slice(0, 8)}? What is in flight is finished; its command again goes on from there.`))
      void send("abort", {}, "It stops within two seconds, when what is in flight is finished.");
  };
  const rate = h("input", { name: "maxRps", size: 8, placeholder: "or off" });
  const bytes = h("input", { name: "maxBytesRate", size: 8, placeholder: "10MB" });
  /** @param {SubmitEvent} event */
  const set = (event) => {
    event.preventDefault();
    void send("limits", { maxRps: rate.value, maxBytesRate: bytes.value }, "It obeys within two seconds.");
  };
  return h(
    "div",
    {},
    h(
      "form",
      { class: "filters", submit: set },
      requested.state === "paused"
        ? button("resume", "Resume", "It goes on within two seconds.")
        : button("pause", "Pause", "It pauses within two seconds."),
      h("button", { type: "button", "data-action": "abort", click: abort }, "Abort"),
      ...("recordsPerSecond" in limits
        ? [
            h("label", {}, "rows a second", rate),
            h("label", {}, "bytes a second", bytes),
            h("button", { type: "submit", "data-action": "set" }, "Set"),
          ]
        : []),
    ),
    said,
  );
}

/** @type {import("../main.js").Page} */
export const run = {
  title: "Run",
  inNavigation: false,
  show({ main, query, repeat, signal }) {
    const id = query.get("id") ?? "";
    const pace = new Pace();
    void repeat(2000, async () => {
      const found = await get(`runs/${encodeURIComponent(id)}`, {}, signal);
      pace.add(found);
      const isUnderWay = found.status === "running";
      redraw(
        main,
        facts([
          ["run", found.id],
          ["command", found.command],
          ["status", found.status],
          ["home", found.home],
          ["ended", at(found.finishedAt)],
        ]),
        found.error === null ? null : message(found.error, "bad"),
        isUnderWay
          ? liveRun(found, pace, found.allowControl)
          : facts([
              ["started", at(found.startedAt)],
              ...progressFacts(found.progress, undefined).filter(([name]) => name !== "rate"),
            ]),
        h("h2", {}, "Options"),
        document_(found.options),
        h("h2", {}, "Report"),
        found.report === null ? h("p", { class: "faint" }, "There is none yet.") : document_(found.report),
      );
    });
  },
};

/** @param {{ text: string, characters: number }} shown */
function document_({ text, characters }) {
  const rest = characters - text.length;
  return h(
    "div",
    {},
    h("pre", {}, text),
    rest > 0 ? h("p", { class: "faint" }, `and ${counted(rest)} characters more`) : null,
  );
}
