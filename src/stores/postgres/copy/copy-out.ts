import type { ClientBase, Connection, Submittable } from "pg";

/**
 * Runs `COPY (query) TO STDOUT` in binary form and hands every piece of it to `onData`, which must be done with it when
 * it returns: the memory is used again. `query` has no parameters. Rejects with what PostgreSQL or `onData` throws; the
 * connection is free again in either case.
 */
export function copyOut(client: ClientBase, query: string, onData: (bytes: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: { error: unknown } | undefined;
    const text = `copy (${query}) to stdout (format binary)`;
    const copy: Submittable & CopyHandlers = {
      text,
      submit: (connection) => connection.query(text),
      handleCopyData: ({ chunk }) => {
        if (failure !== undefined) return; // the rest is let pass
        try {
          onData(chunk);
        } catch (error) {
          failure = { error };
        }
      },
      handleCommandComplete: () => {},
      handleError: (error) => reject(error),
      handleReadyForQuery: () => (failure === undefined ? resolve() : reject(failure.error)),
    };
    client.query(copy);
  });
}

/** What pg's client calls on the query that it has submitted; its types know `submit` only. */
interface CopyHandlers {
  readonly text: string;
  handleCopyData(message: { readonly chunk: Buffer }): void;
  handleCommandComplete(): void;
  handleError(error: Error): void;
  handleReadyForQuery(connection: Connection): void;
}
