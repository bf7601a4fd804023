/**
 * Port: how far sources are confirmed. A cursor is text that only its pipeline understands; a scope names the route it
 * belongs to, such as `llm-cache redis://host/0 -> file.json`. Durable when `save` resolves.
 */
export interface CheckpointStore {
  /** Undefined where none was saved. Throws when it cannot be read: "none" would copy everything once more. */
  load(scope: string): Promise<string | undefined>;
  save(scope: string, cursor: string): Promise<void>;
  /** The next load finds none. */
  forget(scope: string): Promise<void>;
}
