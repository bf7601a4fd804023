import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { pythonFolder } from "../../dev/servers/python-folder.ts";

const run = promisify(execFile);

const reader = `
import json, math, sys, pyarrow.parquet as parquet
def plain(value):
  if hasattr(value, "isoformat"): return value.isoformat()
  if isinstance(value, float) and not math.isfinite(value): return str(value)
  if isinstance(value, int) and abs(value) > 2**53: return str(value)
  return value
def read(path):
  file = parquet.ParquetFile(path)
  return {
  "rowGroups": file.metadata.num_row_groups,
  "codec": file.metadata.row_group(0).column(0).compression if file.metadata.num_row_groups else None,
  "types": {field.name: str(field.type) for field in file.schema_arrow},
  "rows": [{name: plain(value) for name, value in row.items()} for row in file.read().to_pylist()],
  }
print(json.dumps([read(path) for path in sys.argv[1:]]))`;

const unpacker = `
import sys, pyarrow
sys.stdout.buffer.write(pyarrow.input_stream(sys.argv[1], compression="zstd").read())`;

export interface ReadParquet {
  readonly rowGroups: number;
  readonly codec: string | null;
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Parquet files as Apache Arrow reads them; numbers that JSON cannot hold are text. */
export async function readParquet<Files extends readonly string[]>(
  ...files: Files
): Promise<{ [At in keyof Files]: ReadParquet }> {
  return JSON.parse((await python(reader, files)).toString("utf8")) as { [At in keyof Files]: ReadParquet };
}

/** A zstd file as Apache Arrow reads it. */
export function unzstdByArrow(file: string): Promise<Buffer> {
  return python(unpacker, [file]);
}

async function python(script: string, files: readonly string[]): Promise<Buffer> {
  const executable = path.join(await pythonFolder(), "bin", "python");
  const { stdout } = await run(executable, ["-c", script, ...files], {
    encoding: "buffer",
    maxBuffer: 512 * 1024 * 1024,
  });
  return stdout;
}
