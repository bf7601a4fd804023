import { requesting } from "./request.ts";

export default requesting(
  "aborted",
  (id) =>
    `Run ${id} begins to stop within 2 seconds: requests in flight are finished and the checkpoint is written. Its command again goes on where it was.`,
);
