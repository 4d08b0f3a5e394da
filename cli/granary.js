#!/usr/bin/env node
// Lets Node read the TypeScript of the commands as it is.
import { register } from "tsx/esm/api";

register();
const { main } = await import("./main.ts");
process.exitCode = await main(process.argv.slice(2));
