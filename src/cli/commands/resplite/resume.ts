import { asking } from "./control.ts";

export default asking("running", "goes on");
