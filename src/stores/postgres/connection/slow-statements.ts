import type pg from "pg";
import type { SlowLog } from "../../../engine/log.ts";
import { statementShape } from "./statement-shape.ts";

type Told = (error: unknown, result: unknown) => void;

/** What pg's client takes beside text: an object that is told when the server is ready for the next statement. */
interface Submitted {
  readonly text?: string;
  submit?: unknown;
  handleReadyForQuery?: (...args: unknown[]) => void;
}

/**
 * From now on statements of `client` that take `slow.millis` or longer are logged when they end, the time they waited
 * for one another included.
 */
export function watchStatements(client: pg.ClientBase, { millis, log }: SlowLog): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const watched = (...args: unknown[]): unknown => {
    const [statement] = args as [string | Submitted];
    const startedAt = performance.now();
    const ended = (): void => {
      const durationMs = Math.round(performance.now() - startedAt);
      if (durationMs < millis) return;
      const text = typeof statement === "string" ? statement : (statement.text ?? "");
      log.warn({ store: "postgres", durationMs, statement: statementShape(text) }, "slow statement");
    };
    if (typeof statement === "object" && typeof statement.submit === "function") {
      const ready = statement.handleReadyForQuery?.bind(statement);
      statement.handleReadyForQuery = (...given) => {
        ended();
        ready?.(...given);
      };
      return query(...args);
    }
    const told = args.at(-1);
    if (typeof told === "function") {
      return query(...args.slice(0, -1), ((error, result) => {
        ended();
        (told as Told)(error, result);
      }) satisfies Told);
    }
    const result = query(...args) as Promise<unknown>;
    result.then(ended, ended);
    return result;
  };
  client.query = watched as typeof client.query;
}
