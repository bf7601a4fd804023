import { AppError } from "../../engine/errors.ts";
import { type Check, fail, ok } from "./finding.ts";

/**
 * Where contents are to be loaded from the platform's file storage, it has to answer: else all of them would wait for
 * the first that is needed.
 */
export const fileStorage: Check = async ({ blobs }) => {
  if (blobs === undefined) return [];
  try {
    await blobs.check();
    return [ok("file storage", "can be read")];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [fail("file storage", error.message, error.hint ?? "")];
  }
};
