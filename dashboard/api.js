/** What the server refused or could not do, in its own words. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ code: string, message: string, hint: string | null }} error
   */
  constructor(status, error) {
    super(error.hint === null ? error.message : `${error.message}\n${error.hint}`);
    this.status = status;
    this.code = error.code;
  }
}

/** @typedef {Record<string, string | number | boolean | readonly string[] | undefined>} Query */

/** @param {Query} query */
export function queryText(query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "" || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one));
  }
  return String(params);
}

/**
 * @param {string} path
 * @param {Query} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function get(path, query = {}, signal) {
  return ask(`/api/${path}?${queryText(query)}`, { signal: signal ?? null });
}

/**
 * The beginning of a text, and whether that is all.
 *
 * @param {string} url
 * @param {number} characters
 */
export async function getText(url, characters) {
  const answer = await fetch(url);
  if (!answer.ok) throw await refusalOf(answer);
  const bytes = /** @type {ReadableStream} */ (answer.body);
  const reader = bytes.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text, isAll: true };
    text += value;
    if (text.length < characters) continue;
    await reader.cancel();
    return { text: text.slice(0, characters), isAll: false };
  }
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
export function post(path, body = {}) {
  return ask(`/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function ask(url, init) {
  const answer = await fetch(url, init).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, {
      code: "dashboard_gone",
      message: "The dashboard does not answer.",
      hint: "Look whether app dashboard still runs. Runs go on without it.",
    });
  });
  if (!answer.ok) throw await refusalOf(answer);
  return answer.json();
}

/** @param {Response} answer */
async function refusalOf(answer) {
  const body = await answer.json().catch(() => ({}));
  return new Refused(answer.status, body.error ?? { code: "unreadable", message: answer.statusText, hint: null });
}
