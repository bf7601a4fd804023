import { requesting } from "./request.ts";

export default requesting(
  "paused",
  (id) =>
    `Run ${id} pauses within 2 seconds; a scan of its planning, and requests in flight, are finished first. It goes on with: app runs resume ${id}`,
);
