import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseSettings } from "../../settings/parse.js";
import { readStackFile } from "../../settings/stack-file.js";
import { UsageError, type Command } from "../command.js";
import { codeFacts, NO_STACK, stackFacts } from "../kit/facts.js";
import { kitPage } from "../kit/page.js";
import { printPdf } from "../kit/pdf.js";

const HELP = `usage: granary kit --out FILE.html [options]

Writes the recovery kit: one page to print, with everything that is needed to start from nothing. Where the copies are, how
to read them with age, rclone, restic and psql and nothing of Granary, keys and their fingerprints, versions, blanks for
what is filled in by hand. There is no secret in it. Print it and keep it apart from the servers and the laptop.

  --out FILE.html    the page; written over when it is there
  --pdf              also FILE.pdf, when Chromium is installed; without it: print the page from any browser
  --contact TEXT     who to call, "Name: number"; give it several times
  --without-stack    from the settings alone, without pulumi: what only the stack knows is left blank
  --stack NAME       the stack (default: prod)

example: granary kit --out kit.html --contact 'Owner: +221 33 000 00 00' --contact 'Agency: help@agency.example'

exit codes: 0 written; 1 the settings are wrong, the stack cannot be read, or no PDF; 64 wrong arguments
`;

/** `granary kit`: what to have on paper before it is needed. */
export const kit: Command = {
  summary: "write the recovery kit, a page to print: everything that is needed to start from nothing",
  help: HELP,
  async run(args, terminal) {
    const { out, pdf, contact, stack, "without-stack": blank } = parse(args);
    const settings = parseSettings(readStackFile(terminal.directory, stack));
    const hosts = Object.keys(settings.hosts);
    const state = blank ? NO_STACK : await stackFacts(terminal.directory, stack, hosts);
    const code = await codeFacts(terminal.directory);
    const page = kitPage({ stack, settings, state, code, contacts: contact, now: terminal.now ?? new Date() });
    const file = resolve(terminal.directory, out);
    writeFileSync(file, page);
    terminal.out(`${file}: print it, fill in the blanks by hand, keep it apart from the servers and the laptop\n`);
    if (pdf) terminal.out(`${await printPdf(file)}\n`);
    return 0;
  },
};

function parse(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: "string" },
      pdf: { type: "boolean", default: false },
      contact: { type: "string", multiple: true, default: [] },
      "without-stack": { type: "boolean", default: false },
      stack: { type: "string", default: "prod" },
    },
  });
  const { out, stack } = values;
  if (out === undefined) throw new UsageError("--out FILE.html is missing: name the page to write");
  if (!out.endsWith(".html")) throw new UsageError(`--out "${out}" is no page: use a name that ends in .html`);
  if (!/^[\w.-]+$/.test(stack)) throw new UsageError(`bad stack name "${stack}": use the NAME of Pulumi.NAME.yaml`);
  return { ...values, out };
}
