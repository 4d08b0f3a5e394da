import { serve } from "../shared/serve.js";
import { hcloud } from "./plugin.js";

await serve(hcloud);
