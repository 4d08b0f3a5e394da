import { serve } from "../shared/serve.js";
import { digitalocean } from "./plugin.js";

await serve(digitalocean);
