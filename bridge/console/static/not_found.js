// A page that is none: only what every page does.

import { start } from "./shell.js";

start(async () => {});
