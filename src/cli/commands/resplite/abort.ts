import { asking } from "./control.ts";

export default asking("aborted", "finishes what is in flight and stops; bulk --resume goes on there");
