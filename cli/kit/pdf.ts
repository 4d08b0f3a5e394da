/** The page as a PDF, by the print of a browser that is installed. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * Prints `<name>.html` to `<name>.pdf`, and gives the file's name.
 * @throws Error when no Chromium is on the PATH, or it fails
 */
export async function printPdf(page: string): Promise<string> {
  const browser = BROWSERS.flatMap((name) => onPath(name) ?? [])[0];
  if (browser === undefined)
    throw new Error("no Chromium is on the PATH: open the page in any browser and print it, or install chromium");
  const file = page.replace(/\.html$/, ".pdf");
  // As root Chromium runs without its sandbox or not at all; the page is our own and loads nothing.
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const quiet = ["--headless", "--disable-gpu", "--no-pdf-header-footer", ...root];
  try {
    await promisify(execFile)(browser, [...quiet, `--print-to-pdf=${file}`, pathToFileURL(page).href], {
      timeout: 120_000,
    });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`${browser} could not print ${page}: ${(stderr ?? String(error)).trim().slice(-500)}`);
  }
  return file;
}

function onPath(program: string): string | undefined {
  for (const directory of (process.env["PATH"] ?? "").split(":")) {
    const file = join(directory, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}
