import { open } from "node:fs/promises";

/** A rename in the folder survives a power cut from now on. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
