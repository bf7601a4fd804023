import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { readSections } from "../../dev/references/configuration.ts";
import { globalFlags } from "../../src/cli/arguments/global-flags.ts";
import type { Command, Entry } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands/index.ts";

const read = (name: string): Promise<string> => readFile(`deploy/${name}`, "utf8");
const known = new Set((await readSections()).flatMap(({ variables }) => variables.map(({ name }) => name)));

/** Throws when the arguments name no command, or a flag that it does not have. */
async function requireCommand(args: readonly string[]): Promise<void> {
  let entries: readonly Entry[] = commands;
  let command: Command | undefined;
  for (const [at, word] of args.entries()) {
    if (command !== undefined) {
      if (!word.startsWith("--")) continue; // a value
      const name = word.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      if (!(name in { ...globalFlags, ...command.flags }))
        throw new Error(`${args.slice(0, at).join(" ")} has no ${word}`);
      continue;
    }
    const entry = entries.find((one) => one.command.split(" ")[0] === word);
    if (entry === undefined) throw new Error(`There is no command ${args.slice(0, at + 1).join(" ")}`);
    const { default: loaded } = await entry.load();
    if ("entries" in loaded) entries = loaded.entries;
    else command = loaded;
  }
  if (command === undefined) throw new Error(`${args.join(" ")} is no whole command`);
}

test("what is no command of the program would be noticed", async () => {
  await requireCommand(["elasticsearch", "migrate", "--quiet"]);
  await expect(requireCommand(["elasticsearch", "move"])).rejects.toThrow("no command");
  await expect(requireCommand(["worker", "--dry-run"])).rejects.toThrow("has no --dry-run");
  await expect(requireCommand(["elasticsearch"])).rejects.toThrow("no whole command");
});

describe("the Dockerfile", async () => {
  const lines = (await read("Dockerfile")).split("\n").filter((line) => /^[A-Z]+ /.test(line));
  const of = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

  test("copies what is there, and what is copied is not left out of its context", async () => {
    const copied = of("COPY")
      .filter((line) => !line.startsWith("--from"))
      .flatMap((line) => line.split(" ").slice(0, -1));
    expect(copied.filter((name) => !existsSync(name))).toEqual([]);
    const allowed = (await read("Dockerfile.dockerignore"))
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    expect(copied.filter((name) => !allowed.includes(name))).toEqual([]);
    for (const name of ["migrations", "index-templates", "dashboard", "package.json"]) expect(copied).toContain(name);
  });

  test("runs the program as nobody special, in one of its commands", async () => {
    expect(of("FROM").length).toBe(2);
    expect(of("USER").at(-1)).toBe("1000");
    expect((JSON.parse(of("ENTRYPOINT")[0]!) as string[]).at(-1)).toBe("/opt/log-archive/dist/cli/main.js");
    await requireCommand(JSON.parse(of("CMD").at(-1)!) as string[]);
    const [, port] = /127\.0\.0\.1:(\d+)\/health/.exec(of("HEALTHCHECK")[0]!)!;
    expect(JSON.parse(of("CMD").at(-1)!)).toEqual(["worker", "--metrics", port]);
    const variables = of("ENV").flatMap((line) => line.split(" ").map((pair) => pair.split("=")[0]!));
    expect(variables.filter((name) => !known.has(name))).toEqual(["NODE_ENV", "MALLOC_MMAP_THRESHOLD_"]);
  });

  test("has a Node that the package takes", async () => {
    const manifest = JSON.parse(await readFile("package.json", "utf8")) as { engines: { node: string } };
    const least = Number(/\d+/.exec(manifest.engines.node)![0]);
    for (const image of of("FROM")) expect(Number(/^node:(\d+)-/.exec(image)![1])).toBeGreaterThanOrEqual(least);
  });
});

const service = z.object({
  image: z.string(),
  command: z.array(z.string()).optional(),
  build: z.object({ context: z.literal(".."), dockerfile: z.string() }).optional(),
  environment: z.record(z.string(), z.string()),
  depends_on: z.record(z.string(), z.object({ condition: z.literal("service_healthy") })).optional(),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:/)).optional(),
  healthcheck: z.union([z.object({ test: z.array(z.string()) }), z.object({ disable: z.literal(true) })]).optional(),
});

test("compose starts the stores before the program, which has variables and commands of its own, and publishes nothing beyond this machine", async () => {
  const form = z.object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) });
  const { services, volumes } = form.parse(parse(await read("compose.yaml"), { merge: true }));
  const ours = Object.values(services).filter(({ image }) => image === "log-archive");
  expect(ours.length).toBe(3);
  for (const { command, environment, build, depends_on: after = {} } of ours) {
    await requireCommand(command!);
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    if (build !== undefined) expect(existsSync(build.dockerfile)).toBe(true);
    for (const name of Object.keys(after)) expect(services[name]?.healthcheck).toBeDefined();
  }
  const mounted = Object.values(services).flatMap((one) => one.volumes.map((volume) => volume.split(":")[0]));
  expect(new Set(mounted)).toEqual(new Set(Object.keys(volumes)));
  for (const { image } of Object.values(services)) expect(image === "log-archive" || /:\d/.test(image)).toBe(true);
});

const pod = z.object({
  automountServiceAccountToken: z.literal(false),
  securityContext: z.looseObject({ runAsNonRoot: z.literal(true) }),
  terminationGracePeriodSeconds: z.number().min(60),
  containers: z.array(
    z.object({
      name: z.string(),
      image: z.string(),
      args: z.array(z.string()),
      envFrom: z.array(z.unknown()),
      env: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
      securityContext: z.looseObject({
        allowPrivilegeEscalation: z.literal(false),
        readOnlyRootFilesystem: z.literal(true),
      }),
      resources: z.object({ requests: z.unknown(), limits: z.looseObject({ memory: z.string() }) }),
      volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).optional(),
    }),
  ),
  volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  restartPolicy: z.literal("Never").optional(),
});
const workload = z.union([
  z.object({
    kind: z.literal("Deployment"),
    apiVersion: z.literal("apps/v1"),
    metadata: z.unknown(),
    spec: z.looseObject({
      selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
      template: z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()) }), spec: pod }),
    }),
  }),
  z.object({
    kind: z.literal("CronJob"),
    apiVersion: z.literal("batch/v1"),
    metadata: z.unknown(),
    spec: z.looseObject({
      schedule: z.string(),
      concurrencyPolicy: z.literal("Forbid"),
      jobTemplate: z.object({
        spec: z.looseObject({
          podFailurePolicy: z.object({
            rules: z.array(
              z.object({
                action: z.literal("FailJob"),
                onExitCodes: z.object({
                  containerName: z.string(),
                  operator: z.literal("In"),
                  values: z.array(z.number()),
                }),
              }),
            ),
          }),
          template: z.object({ metadata: z.unknown(), spec: pod }),
        }),
      }),
    }),
  }),
]);

test("Kubernetes runs commands of the program without rights, and its files are listed", async () => {
  const list = z.looseObject({
    kind: z.literal("Kustomization"),
    resources: z.array(z.string()),
    images: z.array(z.object({ name: z.literal("log-archive"), newName: z.string(), newTag: z.string() })),
  });
  const { resources } = list.parse(parse(await read("kubernetes/kustomization.yaml")));
  expect(resources.length).toBe(2);
  for (const name of resources) {
    const parsed = workload.parse(parse(await read(`kubernetes/${name}`)));
    const spec = parsed.kind === "Deployment" ? parsed.spec.template.spec : parsed.spec.jobTemplate.spec.template.spec;
    for (const { name: container, args, env = [], volumeMounts = [] } of spec.containers) {
      await requireCommand(args);
      expect(env.filter((variable) => !known.has(variable.name))).toEqual([]);
      expect(volumeMounts.filter((mount) => !spec.volumes?.some((volume) => volume.name === mount.name))).toEqual([]);
      if (parsed.kind === "CronJob")
        expect(parsed.spec.jobTemplate.spec.podFailurePolicy.rules[0]!.onExitCodes).toMatchObject({
          containerName: container,
          values: [2, 3],
        });
    }
    if (parsed.kind === "Deployment")
      expect(parsed.spec.template.metadata.labels).toMatchObject(parsed.spec.selector.matchLabels);
  }
});
