import type { RunningServer } from "./running-server.ts";
import { severalTimes } from "./several-times.ts";
import type { Supervisor } from "./supervise.ts";

export interface Booted {
  readonly url: string;
  readonly pid: number;
}

/**
 * Boots a server where `place` says, such as a free port, and again at the same place when it is restarted. `boot`
 * resolves when the server answers. When it cannot be started the supervisor is closed before this throws.
 */
export async function bootAt<Place>(
  supervisor: Supervisor,
  place: () => Promise<Place>,
  boot: (place: Place) => Promise<Booted>,
): Promise<RunningServer> {
  try {
    const first = await severalTimes(async () => {
      const found = await place();
      return { there: found, booted: await boot(found) };
    });
    let { booted } = first;
    return {
      url: booted.url,
      get pid() {
        return booted.pid;
      },
      kill: (signal) => void process.kill(booted.pid, signal),
      restart: async () => {
        await supervisor.end();
        booted = await severalTimes(() => boot(first.there));
      },
      stop: () => supervisor.close(),
    };
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}
