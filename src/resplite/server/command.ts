import type { Data } from "../data/data.ts";
import type { ListEnd } from "../data/lists.ts";
import type { ReplyWriter } from "./protocol/reply-writer.ts";
import type { Service } from "./service.ts";

/** One connection, as commands see it. */
export interface Client {
  readonly id: number;
  readonly address: string;
  readonly connectedAt: number;
  readonly data: Data;
  readonly reply: ReplyWriter;
  readonly service: Service;
  /** As CLIENT SETNAME and SETINFO have set them. */
  name: string;
  library: string;
  libraryVersion: string;
  authenticated: boolean;
  lastCommand: string;
  /** Ends the connection once its replies are sent. */
  close(): void;
  /** Replies when one of the lists has an element, or when the time is up; 0: never. Nothing else of this client is done before. */
  block(keys: readonly Buffer[], end: ListEnd, milliseconds: number): void;
}

/** What COMMAND says beside the name: https://redis.io/docs/latest/commands/command/ */
export interface CommandSpec {
  /** With the name; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** First and last key and the step between them, among the arguments with the name. */
  readonly keys?: readonly [first: number, last: number, step: number];
  /** The name is the first of `args`. Writes exactly one reply, or throws CommandError before it writes anything. */
  readonly run: (args: readonly Buffer[], client: Client) => void;
  /** One who has not given the password may call it. */
  readonly open?: boolean;
}

export interface Command extends CommandSpec {
  /** In lower case. */
  readonly name: string;
}

/** Commands of one file, by their names in lower case. */
export type CommandGroup = Record<string, CommandSpec>;
