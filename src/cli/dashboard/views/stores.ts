import { packageVersion } from "../../version.ts";
import type { View, ViewParts } from "../view.ts";

/** Which stores answer. */
export function storeViews({ sources }: ViewParts): View[] {
  return [
    {
      method: "GET",
      path: "stores",
      async answer() {
        const { storeStates } = await import("../../../workflow-logs/store-states.ts");
        const stores = await storeStates(sources.database.postgres, sources.connections?.elasticsearch);
        return { version: packageVersion(), stores };
      },
    },
  ];
}
