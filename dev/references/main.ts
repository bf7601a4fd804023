import { writeFileSync } from "node:fs";
import { references } from "./references.ts";

// npm run references: writes the references of commands and configuration anew, and .env.example.

for (const [file, text] of Object.entries(await references())) writeFileSync(file, text);
