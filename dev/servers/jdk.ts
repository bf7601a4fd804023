import { execFile } from "node:child_process";
import { glob, readFile, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { canUse, type ServerUser } from "./server-user.ts";

export interface Jdk {
  home: string;
  /** 17 of 17.0.15. */
  major: number;
}

export type ElasticsearchMajor = 8 | 9;

/** https://www.elastic.co/support/matrix#matrix_jvm */
export const OLDEST_JDK: Record<ElasticsearchMajor, number> = { 8: 17, 9: 21 };

/**
 * The newest JDK (the first of equals) and the newest Elasticsearch it runs, or the one asked for; undefined when none
 * fits.
 */
export function chooseElasticsearch(
  jdks: readonly Jdk[],
  asked?: ElasticsearchMajor,
): { jdk: Jdk; major: ElasticsearchMajor } | undefined {
  const jdk = jdks.reduce<Jdk | undefined>((best, next) => (best && best.major >= next.major ? best : next), undefined);
  if (!jdk) return undefined;
  const majors: ElasticsearchMajor[] = asked ? [asked] : [9, 8];
  const major = majors.find((candidate) => jdk.major >= OLDEST_JDK[candidate]);
  return major && { jdk, major };
}

/** The major version in a JDK's `release` file or in what `java -version` prints, where Java 8 calls itself 1.8. */
export function parseJavaMajor(text: string): number | undefined {
  const match = /(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** Every JDK the servers' user can run: of ES_JAVA_HOME, JAVA_HOME, the usual folders, and the PATH. */
export async function findJdks(user: ServerUser | undefined): Promise<Jdk[]> {
  const homes = new Set<string>();
  for (const candidate of [...fromEnvironment(), ...(await fromUsualFolders()), ...(await fromPath())]) {
    await realpath(candidate).then(
      (home) => homes.add(home),
      () => {},
    );
  }
  const jdks = await Promise.all([...homes].map((home) => inspectJdk(home, user)));
  return jdks.filter((jdk) => jdk !== undefined);
}

function fromEnvironment(): string[] {
  return [process.env["ES_JAVA_HOME"], process.env["JAVA_HOME"]].filter((home): home is string => Boolean(home));
}

async function fromUsualFolders(): Promise<string[]> {
  const patterns = [
    "/usr/lib/jvm/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    join(homedir(), ".sdkman/candidates/java/*"),
  ];
  const found: string[] = [];
  for await (const folder of glob(patterns)) found.push(folder);
  return found;
}

async function fromPath(): Promise<string[]> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const programs = await Promise.all(folders.map((folder) => realpath(join(folder, "java")).catch(() => undefined)));
  return programs.filter((program) => program !== undefined).map((program) => dirname(dirname(program)));
}

async function inspectJdk(home: string, user: ServerUser | undefined): Promise<Jdk | undefined> {
  const java = join(home, "bin", "java");
  if (!(await canUse(java, user))) return undefined;
  const release = await readFile(join(home, "release"), "utf8").catch(() => "");
  const major = parseJavaMajor(release) ?? parseJavaMajor(await printedVersion(java));
  return major === undefined ? undefined : { home, major };
}

async function printedVersion(java: string): Promise<string> {
  return promisify(execFile)(java, ["-version"]).then(
    ({ stderr }) => stderr,
    () => "",
  );
}
