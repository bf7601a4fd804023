/** What a program of the benchmark was asked to do: the one argument it was started with. */
export function task(): unknown {
  return JSON.parse(process.argv[2]!);
}

/** Does the work on the clock and prints what the benchmark wants to know. What is done before is start. */
export async function onTheClock(work: () => Promise<number>): Promise<void> {
  const { user, system } = process.cpuUsage();
  const started = performance.now();
  const rows = await work();
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(JSON.stringify({ rows, seconds, startSeconds: (user + system) / 1e6 }));
}
