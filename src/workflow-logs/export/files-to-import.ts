import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../../engine/errors.ts";
import { type DataType, dataTypes } from "../partitions/log-types.ts";

export interface FileToImport {
  readonly file: string;
  readonly dataType: DataType;
}

const ndjson = /\.ndjson(\.gz)?$/;

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
    throw new UsageError("import_empty", `${from} has no file that ends in .ndjson or .ndjson.gz.`, {
      hint: "CSV has not the whole documents: export as NDJSON.",
    });
  return names.map((name) => {
    const known = dataType ?? dataTypes.find((type) => path.basename(name).startsWith(type));
    if (known !== undefined) return { file: found.isDirectory() ? path.join(from, name) : from, dataType: known };
    throw new UsageError("data_type_unknown", `The name of ${name} does not begin with a data type.`, {
      hint: "Say which with --data-type. Nothing was written.",
    });
  });
}
