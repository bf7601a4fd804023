/**
 * Loaded with --import before a program: when that ends, writes the milliseconds of processor time that it took, Node's
 * own start included, to file descriptor 3.
 */
import { writeSync } from "node:fs";

process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeSync(3, String((user + system) / 1000));
});
