import type { Command } from "../command.ts";
import { adminCommands } from "./admin.ts";
import { clientCommands } from "./client.ts";
import { commandDocs } from "./command-docs.ts";
import { connectionCommands } from "./connection.ts";
import { hashCommands } from "./hashes.ts";
import { keyCommands } from "./keys.ts";
import { listCommands } from "./lists.ts";
import { searchCommands } from "./search.ts";
import { setCommands } from "./sets.ts";
import { stringCommands } from "./strings.ts";
import { zsetCommands } from "./zsets.ts";

const byName = new Map<string, Command>();

const groups = [
  connectionCommands,
  clientCommands,
  commandDocs(byName),
  stringCommands,
  keyCommands,
  hashCommands,
  setCommands,
  listCommands,
  zsetCommands,
  searchCommands,
  adminCommands,
];

/** Also under their names in upper case, in which most clients send them. */
const asSent = new Map<string, Command>();

for (const [name, spec] of groups.flatMap((group) => Object.entries(group))) {
  const command: Command = { name, ...spec };
  byName.set(name, command);
  asSent.set(name, command);
  asSent.set(name.toUpperCase(), command);
}

/** Undefined: it is not supported. */
export function findCommand(name: Buffer): Command | undefined {
  const text = name.toString("latin1");
  return asSent.get(text) ?? byName.get(text.toLowerCase());
}
