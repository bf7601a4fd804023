/**
 * Exits with 0 when a Docker engine answers. A process of its own, because an engine that hangs would keep the asking
 * one alive.
 */
import { getContainerRuntimeClient } from "testcontainers";

const answers = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);
process.exit(answers ? 0 : 1);
