import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../..");

interface Manifest {
  readonly files: string[];
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | Record<string, string>>;
  readonly dependencies: Record<string, string>;
}

export interface Consumer {
  /** A project with the package in its node_modules. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Names in the tarball. */
  readonly files: readonly string[];
  remove(): Promise<void>;
}

/**
 * A project that has the package as npm would install it: what the packed tarball holds, its declared dependencies and
 * its binaries, and nothing else. The package is built anew for it.
 */
export async function installPacked(): Promise<Consumer> {
  const temporary = await mkdtemp(path.join(tmpdir(), "packed-"));
  const manifest = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as Manifest;
  const tarball = await pack(path.join(temporary, "source"), manifest);
  const folder = path.join(temporary, "consumer");
  const modules = path.join(folder, "node_modules");
  await mkdir(path.join(modules, ".bin"), { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", modules]);
  await cp(path.join(modules, "package"), path.join(modules, "log-archive"), { recursive: true });
  await rm(path.join(modules, "package"), { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) await link(name, modules);
  await link("@types/node", modules); // what a project in TypeScript has of its own
  for (const [name, file] of Object.entries(manifest.bin)) {
    await chmod(path.join(modules, "log-archive", file), 0o755);
    await symlink(path.join("..", "log-archive", file), path.join(modules, ".bin", name));
  }
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const files = stdout
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
  return { folder, manifest, files, remove: () => rm(temporary, { recursive: true }) };
}

async function pack(source: string, { files }: Manifest): Promise<string> {
  await run(path.join(root, "node_modules/.bin/tsc"), [
    "-p",
    path.join(root, "tsconfig.build.json"),
    "--outDir",
    path.join(source, "dist"),
  ]);
  const taken = [...files.filter((name) => name !== "dist"), "package.json", ...(await licences())];
  for (const name of taken) await cp(path.join(root, name), path.join(source, name), { recursive: true });
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json"], { cwd: source });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return path.join(source, filename);
}

/** npm packs them without being told. */
async function licences(): Promise<string[]> {
  return (await readdir(root)).filter((name) => /^LICEN[CS]E/.test(name));
}

async function link(name: string, modules: string): Promise<void> {
  await mkdir(path.dirname(path.join(modules, name)), { recursive: true });
  await symlink(path.join(root, "node_modules", name), path.join(modules, name));
}
