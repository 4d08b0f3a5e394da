/** The lab's own certificate authority, on the owner's laptop, and the shop's certificate from it. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { runDir } from "../config.js";

export interface Certificate {
  /** File with the authority's certificate. */
  ca: string;
  /** The shop's, and its key, in PEM. */
  certificate: string;
  key: string;
}

/** Makes both anew. @param domain the name customers type */
export async function makeCertificate(domain: string): Promise<Certificate> {
  const file = (name: string): string => join(runDir(), name);
  const openssl = (...args: string[]): Promise<unknown> => promisify(execFile)("openssl", args);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const ca = ["-x509", "-days", "30", "-subj", "/CN=Rehearsal", "-keyout", file("ca.key"), "-out", file("ca.crt")];
  await openssl("req", ...key, ...ca);
  await openssl("req", ...key, "-subj", `/CN=${domain}`, "-keyout", file("shop.key"), "-out", file("shop.csr"));
  await writeFile(file("shop.ext"), `subjectAltName=DNS:${domain}\n`);
  const signed = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "30"];
  await openssl(
    "x509",
    "-req",
    "-in",
    file("shop.csr"),
    ...signed,
    "-extfile",
    file("shop.ext"),
    "-out",
    file("shop.crt"),
  );
  return {
    ca: file("ca.crt"),
    certificate: await readFile(file("shop.crt"), "utf8"),
    key: await readFile(file("shop.key"), "utf8"),
  };
}
