/**
 * Draws rows a second over time.
 *
 * @param {HTMLElement} place
 * @param {{ times: number[], rates: number[] }} curve
 */
export async function drawCurve(place, { times, rates }) {
  const url = "/vendor/uplot.js";
  const { default: Plot } = /** @type {{ default: typeof import("uplot") }} */ (await import(url));
  const { color } = getComputedStyle(place);
  const faint = getComputedStyle(document.documentElement).getPropertyValue("--line");
  const axis = { stroke: color, grid: { stroke: color, width: 0.15 }, ticks: { stroke: faint } };
  const options = {
    width: Math.max(320, Math.min(900, place.clientWidth || 640)),
    height: 150,
    series: [{ label: "time" }, { label: "rows/s", stroke: "#3b82c4", width: 2, fill: "#3b82c433" }],
    axes: [axis, { ...axis, size: 70 }],
    scales: {
      y: {
        range: (/** @type {unknown} */ _plot, /** @type {number} */ _least, /** @type {number} */ most) => [
          0,
          Math.max(1, most * 1.1),
        ],
      },
    },
    legend: { show: false },
    cursor: { show: false },
  };
  const plot = new Plot(/** @type {any} */ (options), [times, rates]);
  place.replaceChildren(plot.root);
}
