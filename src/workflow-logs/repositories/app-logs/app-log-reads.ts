import type { Position } from "../records/ordered-documents.ts";
import type { AppLogQuery, AppLogRepository } from "./app-log-repository.ts";

export interface FirstPlaces {
  readonly total: number;
  readonly places: readonly Position[];
}

/** What a store, or a part of it, answers. */
export interface AppLogReads extends Pick<AppLogRepository, "getPaginatedAppLogs" | "countAppLogs" | "getAppLogById"> {
  /** How many there are, and the places of the first `count`, newest first; the query's own page does not count. */
  getFirstPlaces(query: AppLogQuery, count: number): Promise<FirstPlaces>;
}
