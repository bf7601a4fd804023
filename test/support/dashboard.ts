import { startApp } from "./app-process.ts";
import type { Stores } from "./compare-stores.ts";

export interface RunningDashboard extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** An answer of the API, which must be 200. */
  get<T = Record<string, unknown>>(path: string): Promise<T>;
  stop(): Promise<{ code: number | null; stderr: string }>;
}

/** `app dashboard` as a process of its own, when it listens. */
export async function startDashboard(
  stores: Stores,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningDashboard> {
  const { child, end } = startApp(stores, ["dashboard", "--json", "--log-level", "warn", ...args], env);
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout!.on("data", (text: string) => {
      said += text;
      if (said.endsWith("}\n")) resolve((JSON.parse(said) as { url: string }).url);
    });
    void end.then(({ stderr, stdout }) => reject(new Error(`The dashboard ended: ${stdout}${stderr}`)));
  });
  const stop = async (): Promise<{ code: number | null; stderr: string }> => {
    child.kill("SIGTERM");
    const { code, stderr } = await end;
    return { code, stderr };
  };
  return {
    url,
    async get<T>(path: string): Promise<T> {
      const answer = await fetch(`${url}/api/${path}`);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}
