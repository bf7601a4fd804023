import { z } from "zod";
import { anyText } from "../values.ts";

/** Path of the file with the private key that evidence is signed with; undefined where it is not to be signed. */
export const evidenceSigningKey = z
  .object({
    EVIDENCE_SIGNING_KEY: anyText
      .optional()
      .describe("PEM file of the Ed25519 key that evidence is signed with; not signed when not given"),
  })
  .transform((given) => given.EVIDENCE_SIGNING_KEY);
