/**
 * `npm run lab -- browser [DIRECTORY]`: a customer with a real browser at the lab's shop: logs in, looks at a product, orders
 * it, and finds the order in the account. Screenshots go to the directory, default lab/out/browser.
 * Exit codes: 0 the order was placed; 1 something was not as expected; 69 there is no Chromium, nothing was tried.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository, runDir } from "../config.js";
import { CUSTOMER, DOMAIN } from "../shop/app.js";
import { chromiumIsThere, Window } from "./chromium.js";

const shop = `https://${DOMAIN}`;
const directory = process.argv[2] ?? join(repository, "lab/out/browser");

/** @throws Error when the page does not have the text */
async function expectText(window: Window, text: string): Promise<void> {
  const shown = String(await window.evaluate("document.body.innerText"));
  if (!shown.includes(text)) throw new Error(`the page does not show "${text}" but: ${shown.slice(0, 300)}`);
}

async function logIn(window: Window): Promise<void> {
  await window.visit(`${shop}/login`);
  await window.type('input[name="email"]', CUSTOMER.email);
  await window.type('input[name="password"]', CUSTOMER.password);
  await window.click("form.login button");
  await expectText(window, CUSTOMER.name);
}

async function look(window: Window): Promise<void> {
  await window.visit(`${shop}/product/1`);
  const width = await window.evaluate('document.querySelector("main img").naturalWidth');
  if (!(Number(width) > 0)) throw new Error("the product's picture is not shown");
}

/** @returns the number of the order */
async function order(window: Window): Promise<string> {
  await window.click('form[action="/order"] button');
  await expectText(window, "is paid");
  return /Order no\. (\d+)/.exec(String(await window.evaluate("document.body.innerText")))![1]!;
}

async function main(): Promise<number> {
  if (!chromiumIsThere()) {
    process.stderr.write(
      "SKIPPED: there is no Chromium on this machine (apt-get install chromium); nothing was tried\n",
    );
    return 69;
  }
  await mkdir(directory, { recursive: true });
  const { address } = JSON.parse(await readFile(join(runDir(), "lab.json"), "utf8")) as { address: string };
  const ca = await readFile(join(runDir(), "ca.crt"), "utf8");
  const window = await Window.open({ domain: DOMAIN, address, ca });
  const done = async (what: string, file: string): Promise<void> => {
    await window.picture(join(directory, `${file}.png`));
    process.stdout.write(`ok  ${what}\n`);
  };
  try {
    await window.visit(`${shop}/`);
    await done("the shop is open", "1-shop");
    await logIn(window);
    await done("logged in", "2-account");
    await look(window);
    await done("a product, with its picture", "3-product");
    const number = await order(window);
    await done(`order no. ${number}`, "4-ordered");
    await window.visit(`${shop}/account`);
    await expectText(window, number);
    await done("the order is in the account", "5-account");
    process.stdout.write(`${directory}\n`);
    return 0;
  } catch (error) {
    await window.picture(join(directory, "failed.png")).catch(() => undefined);
    process.stderr.write(`FAILED  ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    await window.close();
  }
}

process.exit(await main());
