/** A run whose parts are done by workers, as it stands. Times are text that `Date` reads. */
export interface Sharing {
  readonly workers: readonly SharingWorker[];
  readonly parts: Readonly<Record<PartState, number>> & { readonly total: number };
  /** Those being worked on and those that failed, then others, up to a hundred. */
  readonly shown: readonly SharedPart[];
}

export type PartState = "waiting" | "working" | "done" | "failed";

export interface SharingWorker {
  readonly worker: string;
  readonly seenAt: string;
  /** Parts it has under way, and has brought to their end. */
  readonly working: number;
  readonly done: number;
  /** Why it does not go on as fast as it can. */
  readonly waiting: string | null;
  /** Why it takes no part. */
  readonly refusal: string | null;
}

export interface SharedPart {
  readonly key: string;
  readonly state: PartState;
  /** Who works on it, or did last. */
  readonly worker: string | null;
  readonly attempts: number;
  readonly updatedAt: string;
  /** How its last attempt failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}
