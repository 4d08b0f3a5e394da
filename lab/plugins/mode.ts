/** Prints which plugins this machine can use; official ones are downloaded now, because the lab itself has no internet. */
import { pluginMode } from "./install.js";

process.stdout.write(`${await pluginMode()}\n`);
