import { asking } from "./control.ts";

export default asking("paused", "pauses within 2 seconds; resume lets it go on");
