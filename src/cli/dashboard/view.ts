import type { Log } from "../../engine/log.ts";
import type { Sources } from "./sources.ts";

/** What a view is asked. */
export interface Asked {
  readonly query: URLSearchParams;
  /** The parts of the path that begin with a colon. */
  readonly params: Readonly<Record<string, string>>;
  /** The JSON that was sent. */
  readonly body: unknown;
  /** The address it came from. */
  readonly from: string;
}

/** One answer of the page, at `/api/` and its path; what changes something is a POST. */
export interface View {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** JSON of bounded size, or a file of text. Throws UsageError for what cannot be meant. */
  readonly answer: (asked: Asked) => Promise<object>;
}

export interface ViewParts {
  readonly sources: Sources;
  readonly allowControl: boolean;
  readonly log: Log;
}

/** Text from the data that a browser keeps as a file and never shows as a page. */
export class TextFile {
  readonly name: string;
  readonly text: string;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }
}
