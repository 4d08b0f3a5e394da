import { serve } from "../shared/serve.js";
import { command } from "./plugin.js";

await serve(command);
