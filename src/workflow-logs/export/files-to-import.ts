import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../../engine/errors.ts";
import { type DataType, dataTypes } from "../partitions/log-types.ts";
import { ExportManifest } from "./export-manifest.ts";
import { requireZstd } from "./zstd-frames.ts";

export interface FileToImport {
  readonly file: string;
  readonly dataType: DataType;
}

const ndjson = /\.ndjson(\.gz|\.zst)?$/;

/** The file, or every file of NDJSON in the folder, by their names. Throws UsageError for what cannot be imported. */
export async function filesToImport({
  from,
  dataType,
}: {
  readonly from: string;
  readonly dataType?: DataType | undefined;
}): Promise<FileToImport[]> {
  const found = await stat(from).catch(() => undefined);
  if (found === undefined)
    throw new UsageError("import_missing", `There is no ${from}.`, {
      hint: "Name a file of NDJSON or a folder of them.",
    });
  const names = found.isDirectory() ? (await readdir(from)).filter((name) => ndjson.test(name)).toSorted() : [from];
  if (names.length === 0)
    throw new UsageError("import_empty", `${from} has no file that ends in .ndjson, .ndjson.gz or .ndjson.zst.`, {
      hint: "CSV and Parquet have not the whole documents: export as NDJSON.",
    });
  if (names.some((name) => name.endsWith(".zst"))) requireZstd();
  if (found.isDirectory()) await requireWhole(from);
  return names.map((name) => {
    const known = dataType ?? dataTypes.find((type) => path.basename(name).startsWith(type));
    if (known !== undefined) return { file: found.isDirectory() ? path.join(from, name) : from, dataType: known };
    throw new UsageError("data_type_unknown", `The name of ${name} does not begin with a data type.`, {
      hint: "Say which with --data-type. Nothing was written.",
    });
  });
}

/** Compressed files that end behind a part look whole; the export knows their lengths. */
async function requireWhole(folder: string): Promise<void> {
  const { complete, files } = (await ExportManifest.read(folder)) ?? { complete: true, files: [] };
  if (complete === false)
    throw new UsageError("export_unfinished", `The export in ${folder} did not come to its end.`, {
      hint: "Run the same export again, or import its files one by one. Nothing was imported.",
    });
  for (const { file, bytes } of files) {
    const size = (await stat(path.join(folder, file)).catch(() => undefined))?.size;
    if (size !== undefined && size !== bytes)
      throw new UsageError("export_cut_off", `${file} has ${size} bytes; its export wrote ${bytes}.`, {
        hint: "Copy it again from where it was exported. Nothing was imported.",
      });
  }
}
