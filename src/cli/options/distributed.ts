import { toggle, value } from "./flags.ts";
import { anyText } from "./values.ts";

/** Of commands whose partitions workers can do. */
export const distributedFlags = {
  distributed: toggle("have the partitions done by app worker, on any number of machines"),
  resume: value("go on with this run of workers, whose process is gone, with its options", anyText.optional()),
};
