import { AppError } from "../../engine/errors.ts";
import { FileWindow, type ReadableFile } from "./file-window.ts";
import { ValueScanner } from "./value-scanner.ts";

/**
 * Why a parser of ours: those for streams that are kept up go token by token and need minutes for a file that this
 * passes in seconds.
 */

/**
 * A member of the file's object, or of an object in it that holds the caches of one mode, as old versions of LightRAG
 * wrote them.
 */
export interface FoundEntry {
  readonly key: string;
  /** As it stands in the file. Yours. */
  readonly value: Buffer;
  /** Of the value, in the file. */
  readonly start: number;
  readonly mode: string | undefined;
}

export interface ScanPlace {
  readonly offset: number;
  readonly mode: string | undefined;
}

/** Behind this entry. */
export function placeAfter({ start, value, mode }: FoundEntry): ScanPlace {
  return { offset: start + value.length, mode };
}

const [openBrace, closeBrace, comma, colon, quote] = ["{", "}", ",", ":", '"'].map((sign) => sign.charCodeAt(0));
const byteOrderMark = 0xef;

/**
 * The members of the JSON object that `file` is, in its order, with one value in memory at a time. A member that
 * `isMode` and holds objects is entered. Values are delimited, not checked. Throws AppError when the file is no JSON
 * object, or ends too early.
 */
export async function* scanEntries(
  file: ReadableFile,
  path: string,
  isMode: (key: string) => boolean,
  from?: ScanPlace,
): AsyncGenerator<FoundEntry> {
  const window = new FileWindow(file, from?.offset ?? 0);
  let mode = from?.mode;
  let isFirst = from === undefined;
  const pass = (next: number | undefined, sign: number | undefined, what: string): void => {
    if (next !== sign) throw malformed(path, window.offset, what);
    window.at++;
  };
  if (from === undefined) {
    if ((await window.peek()) === byteOrderMark) window.at += 3;
    pass(await window.peek(), openBrace, "an object");
  }
  for (;;) {
    window.mark = window.at;
    const next = window.look() ?? (await window.peek());
    if (next === closeBrace) {
      window.at++;
      if (mode === undefined) break;
      mode = undefined;
      isFirst = false;
      continue;
    }
    if (!isFirst) pass(next, comma, 'a "," or "}"');
    const key = await readKey(window, path);
    pass(window.look() ?? (await window.peek()), colon, 'a ":"');
    if (mode === undefined && isMode(key) && (await beginsNested(window))) {
      pass(await window.peek(), openBrace, "an object");
      mode = key;
      isFirst = true;
      continue;
    }
    isFirst = false;
    const { offset: start, value } = await readValue(window, path);
    yield { key, value, start, mode };
  }
  if ((await window.peek()) !== undefined) throw malformed(path, window.offset, "the end of the file");
}

async function readKey(window: FileWindow, path: string): Promise<string> {
  if ((window.look() ?? (await window.peek())) !== quote) throw malformed(path, window.offset, "the name of a member");
  const { offset, value } = await readValue(window, path);
  try {
    return JSON.parse(value.toString()) as string;
  } catch {
    throw malformed(path, offset, "the name of a member");
  }
}

async function readValue(window: FileWindow, path: string): Promise<{ offset: number; value: Buffer }> {
  if ((window.look() ?? (await window.peek())) === undefined) throw malformed(path, window.offset, "a value");
  window.mark = window.at;
  const { offset } = window;
  const scanner = new ValueScanner();
  for (;;) {
    const end = scanner.end(window.bytes.subarray(window.mark));
    if (end !== undefined) {
      const value = window.bytes.subarray(window.mark, window.mark + end);
      if (end === 0) throw malformed(path, offset, "a value");
      window.at = window.mark + end;
      return { offset, value };
    }
    if (!(await window.more())) throw malformed(path, window.offset, "more: the file ends within a value", offset);
  }
}

/** Whether an object comes whose first member is an object too. Passes nothing. */
async function beginsNested(window: FileWindow): Promise<boolean> {
  if ((await window.peek()) !== openBrace) return false;
  window.mark = window.at;
  const back = window.offset;
  window.at++;
  let nested = false;
  if ((await window.peek()) === quote) {
    const scanner = new ValueScanner();
    const keyAt = window.at - window.mark; // what is before it stays, so this index does too
    let end: number | undefined;
    do end = scanner.end(window.bytes.subarray(window.mark + keyAt));
    while (end === undefined && (await window.more()));
    window.at = window.mark + keyAt + (end ?? 0);
    if ((await window.peek()) === colon) {
      window.at++;
      nested = (await window.peek()) === openBrace;
    }
  }
  window.at -= window.offset - back;
  return nested;
}

function malformed(path: string, offset: number, expected: string, begun?: number): AppError {
  const where = begun === undefined ? `byte ${offset}` : `byte ${begun}`;
  return new AppError("json_malformed", `${path} is damaged: at ${where}, expected ${expected}`, {
    hint: "LightRAG cannot read this file either. Bring it back from a backup, or mend it there.",
  });
}
