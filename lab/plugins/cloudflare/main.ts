import { serve } from "../shared/serve.js";
import { cloudflare } from "./plugin.js";

await serve(cloudflare);
