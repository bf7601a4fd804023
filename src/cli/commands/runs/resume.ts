import { requesting } from "./request.ts";

export default requesting("running", (id) => `Run ${id} goes on within 2 seconds.`);
