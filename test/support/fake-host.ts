import { PassThrough } from "node:stream";
import { tmpdir } from "node:os";
import type { Host } from "../../src/cli/host.ts";

export interface FakeHost extends Host {
  readonly out: () => string;
  readonly err: () => string;
}

/** A host whose streams collect what is written; without .env file and without the test's own environment. */
export function fakeHost(args: readonly string[], overrides: Partial<Host> = {}): FakeHost {
  const [stdout, stderr] = [collector(), collector()];
  return {
    args,
    env: {},
    workingDirectory: tmpdir(),
    stdin: new PassThrough(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
    ...overrides,
    out: stdout.text,
    err: stderr.text,
  };
}

export function collector(): { stream: PassThrough; text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
