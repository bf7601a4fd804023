import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second, whatever the kernel was built with (USER_HZ). */
const ticksPerSecond = 100;

export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of processor time of the process itself. */
  readonly own: number;
  /** Of its children that have ended and were waited for, and of theirs. */
  readonly ended: number;
}

/** All processes that can be seen. Fields: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function processes(): ProcessTimes[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (processTimes(Number(name)) ?? []) : []));
}

/** Undefined for a process that is gone. */
function processTimes(pid: number): ProcessTimes | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // a name may hold spaces and brackets
  const seconds = (field: number): number => Number(fields[field - 3]) / ticksPerSecond;
  return { pid, parent: Number(fields[1]), own: seconds(14) + seconds(15), ended: seconds(16) + seconds(17) };
}

/** The process and everything it started that still runs. */
export function processTree(root: number, all: readonly ProcessTimes[]): ProcessTimes[] {
  const found = all.filter(({ pid }) => pid === root);
  for (let at = 0; at < found.length; at++) found.push(...all.filter(({ parent }) => parent === found[at]!.pid));
  return found;
}

/**
 * Seconds that the processors of this machine worked, for whomever; time taken away by the machine's host counts too.
 */
export function machineSeconds(): number {
  const [, user, nice, system, , , , , steal] = readFileSync("/proc/stat", "latin1").split("\n", 1)[0]!.split(/\s+/);
  return (Number(user) + Number(nice) + Number(system) + Number(steal)) / ticksPerSecond;
}
