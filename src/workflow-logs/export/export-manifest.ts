import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UsageError } from "../../engine/errors.ts";
import { dataTypes } from "../partitions/log-types.ts";
import type { ExportOptions } from "./options.ts";

export const manifestName = "export.json";

const files = z.array(
  z.object({
    file: z.string(),
    dataType: z.enum(dataTypes),
    month: z.string(),
    index: z.string(),
    /** The last document that is in the file for good. */
    after: z.object({ createdAt: z.string(), id: z.string() }).optional(),
    bytes: z.number(),
    documents: z.number(),
    done: z.boolean(),
  }),
);
const manifestForm = z.object({
  format: z.literal(1),
  asked: z.record(z.string(), z.unknown()),
  /** Whether every file is there; not said by older versions. */
  complete: z.boolean().optional(),
  files,
});

export type ExportedFile = z.output<typeof files>[number];

/** What an export was asked for, and how far each of its files is: beside them, in export.json. */
export class ExportManifest {
  readonly isNew: boolean;
  private readonly path: string;
  private readonly asked: object;
  private readonly files: ExportedFile[];
  private complete = false;

  /** Throws UsageError when the folder is that of an export with other options. */
  static async open(options: ExportOptions): Promise<ExportManifest> {
    const file = path.join(options.folder, manifestName);
    const asked = askedOf(options);
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (text === undefined) return new ExportManifest(file, asked, [], true);
    const found = manifestForm.safeParse(parsed(text));
    if (!found.success || JSON.stringify(found.data.asked) !== JSON.stringify(asked))
      throw new UsageError("export_of_others", `${options.folder} holds an export with other options.`, {
        hint: "Give the options that its export.json names, or another folder. Nothing was written.",
      });
    return new ExportManifest(file, asked, found.data.files, false);
  }

  /** Of an export in the folder, whatever was asked; undefined where there is none. */
  static async read(folder: string): Promise<z.output<typeof manifestForm> | undefined> {
    const text = await readFile(path.join(folder, manifestName), "utf8").catch(() => "");
    return manifestForm.safeParse(parsed(text)).data;
  }

  private constructor(file: string, asked: object, known: ExportedFile[], isNew: boolean) {
    this.path = file;
    this.asked = asked;
    this.files = known;
    this.isNew = isNew;
  }

  /** The entry of a file, which the caller changes and saves. */
  file(name: string, of: Pick<ExportedFile, "dataType" | "month" | "index">): ExportedFile {
    const known = this.files.find(({ file }) => file === name);
    if (known !== undefined) return known;
    const added = { file: name, ...of, bytes: 0, documents: 0, done: false };
    this.files.push(added);
    return added;
  }

  /** Every file is there. */
  async finish(): Promise<void> {
    this.complete = true;
    await this.save();
  }

  /** Whole or not at all, however the process ends. */
  async save(): Promise<void> {
    const text = JSON.stringify({ format: 1, asked: this.asked, complete: this.complete, files: this.files }, null, 2);
    await writeFile(`${this.path}.new`, `${text}\n`, { mode: 0o600, flush: true });
    await rename(`${this.path}.new`, this.path);
  }
}

/** The same for options that ask for the same, whoever made them: without what is not asked for, in one order. */
function askedOf(options: ExportOptions): object {
  return JSON.parse(JSON.stringify({ ...options, folder: undefined }, plainly)) as object;
}

function plainly(_name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  if (typeof value !== "object" || value === null) return value === "" ? undefined : value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
