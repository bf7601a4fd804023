import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalFolder } from "../../../../src/stores/blobs/local-folder.ts";

let parent: string;
let folder: LocalFolder;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "blobs-"));
  await put("secret.json", "secret");
  await put("storage-2/secret.json", "secret");
  await put("storage/upload_files/t/a.json", "a");
  folder = new LocalFolder(join(parent, "storage"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(parent, path)), { recursive: true });
  await writeFile(join(parent, path), content);
}

test("a blob is loaded as it lies there, up to the bytes asked for", async () => {
  expect(await folder.load("upload_files/t/a.json", 100)).toEqual(Buffer.from("a"));
  const key = "upload_files/空 白/a+b%2F'\"\\.json";
  await put(`storage/${key}`, Buffer.from([0, 255, 10]));
  expect(await folder.load(key, 100)).toEqual(Buffer.from([0, 255, 10]));
  expect(await folder.load(key, 2)).toEqual(Buffer.from([0, 255]));
});

test.each([
  "missing.json",
  "upload_files",
  "upload_files/t/a.json/b",
  "upload_files/t/a.json/",
  "x".repeat(5000),
  "a\0b",
  "",
  ".",
  "..",
  "../secret.json",
  "../storage-2/secret.json",
  "upload_files/../../secret.json",
  "upload_files/../upload_files/t/a.json",
  "..\\secret.json",
  "/etc/passwd",
])("the key %j names no blob", async (key) => {
  expect(await folder.load(key, 100)).toBeUndefined();
});

test("links are followed within the folder and never out of it", async () => {
  await symlink(join(parent, "secret.json"), join(parent, "storage/out.json"));
  await symlink("..", join(parent, "storage/up"));
  await symlink(join(parent, "storage-2"), join(parent, "storage/sibling"));
  await symlink("upload_files/t/a.json", join(parent, "storage/in.json"));
  await symlink("loop", join(parent, "storage/loop"));
  for (const key of ["out.json", "up/secret.json", "sibling/secret.json", "loop", "up/storage/upload_files"])
    expect(await folder.load(key, 100), key).toBeUndefined();
  expect(await folder.load("in.json", 100)).toEqual(Buffer.from("a"));
});

test("a folder that is itself behind a link is read", async () => {
  await symlink(join(parent, "storage"), join(parent, "link"));
  expect(await new LocalFolder(join(parent, "link")).load("upload_files/t/a.json", 100)).toEqual(Buffer.from("a"));
});

test("a pipe makes nobody wait", async () => {
  execFileSync("mkfifo", [join(parent, "storage/pipe")]);
  expect(await folder.load("pipe", 100)).toBeUndefined();
});

test("no key whatever leads to a file outside of the folder", async () => {
  const part = fc.constantFrom(
    "..",
    ".",
    "",
    "secret.json",
    "storage-2",
    "storage",
    "upload_files",
    "%2e%2e",
    "\\",
    "\0",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(part, fc.string()), { maxLength: 6 }), async (parts) => {
      for (const key of [parts.join("/"), `/${parts.join("/")}`, `${parent}/${parts.join("/")}`, parts.join("\\")])
        expect((await folder.load(key, 100))?.toString()).not.toBe("secret");
    }),
  );
});

test("without the folder no blob is called missing", async () => {
  const none = new LocalFolder(join(parent, "nothing"));
  await expect(none.load("a", 1)).rejects.toMatchObject({ code: "storage_unreachable" });
  await expect(none.check()).rejects.toMatchObject({ code: "storage_unreachable", hint: expect.any(String) });
  await expect(new LocalFolder(join(parent, "secret.json")).check()).rejects.toMatchObject({
    code: "storage_unreachable",
  });
  await folder.check();
});

test.skipIf(process.getuid?.() === 0)("a file that may not be read is an error", async () => {
  await chmod(join(parent, "storage/upload_files/t/a.json"), 0);
  await expect(folder.load("upload_files/t/a.json", 100)).rejects.toMatchObject({ code: "storage_unreachable" });
});

test("a blob that was stored is there whole, also in place of another, and gone when it was deleted", async () => {
  const content = Buffer.from([0, 255, 10]);
  for (const key of ["upload_files/new/空 白.json", "upload_files/t/a.json"]) {
    await folder.store(key, content);
    expect(await folder.load(key, 100)).toEqual(content);
    await folder.delete(key);
    await folder.delete(key);
    expect(await folder.load(key, 100)).toBeUndefined();
  }
  expect(await readdir(join(parent, "storage/upload_files/t"))).toEqual([]);
});

test("no key leads to a file outside of the folder that could be changed", async () => {
  await symlink("..", join(parent, "storage/up"));
  const keys = ["../secret.json", "up/secret.json", "up/storage-2/secret.json", "", ".", "/etc/passwd", "a\0b"];
  for (const key of keys) {
    await folder.delete(key);
    await expect(folder.store(key, Buffer.from("changed")), key).rejects.toMatchObject({
      code: "storage_not_writable",
    });
  }
  for (const path of ["secret.json", "storage-2/secret.json"])
    expect(await readFile(join(parent, path), "utf8")).toBe("secret");
});

test("without the folder nothing counts as deleted or stored", async () => {
  const none = new LocalFolder(join(parent, "nothing"));
  await expect(none.delete("a")).rejects.toMatchObject({ code: "storage_unreachable" });
  await expect(none.store("a", Buffer.from("a"))).rejects.toMatchObject({ code: "storage_unreachable" });
});
