import { join } from "node:path";
import { AppError } from "../../src/engine/errors.ts";
import { cachedFolder, isCached } from "./cached-folder.ts";
import { isOnPath } from "./prerequisites.ts";

const NAME = "milvus-lite-3.2.2";
/** Milvus Lite, its client, and with them pyarrow, by which tests read Parquet. */
const PACKAGES = ["milvus-lite==3.2.2", "pymilvus==3.0.2"];

/**
 * A virtual environment with these packages; run its python with -m, because the programs in bin/ name the folder in
 * which it was made.
 */
export async function pythonFolder(signal?: AbortSignal): Promise<string> {
  if (!(await isCached(NAME, undefined)) && !(await isOnPath("python3"))) {
    throw new AppError("prerequisites_missing", "Milvus cannot be started here: found no Python (python3)", {
      hint: "Install python3 and python3-venv; or set TEST_MILVUS_URL to a running Milvus, such as http://127.0.0.1:19530.",
    });
  }
  return cachedFolder(NAME, { signal }, async (workplace) => {
    const folder = join(workplace.folder, NAME);
    await workplace.run({ file: "python3", args: ["-m", "venv", folder] });
    await workplace.run({ file: join(folder, "bin", "python"), args: ["-m", "pip", "install", "-q", ...PACKAGES] });
    return folder;
  });
}
