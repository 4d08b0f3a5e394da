/**
 * A restic repository, empty, whose password takes no time to be tried: `restic init` spends three seconds of a processor
 * on making it slow to guess, and every command after it half a second. That is what a repository is for, and not what
 * most tests are about. The format is that of restic's design document, repository version 2.
 */
import { createCipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Key {
  encrypt: Buffer;
  mac: { k: Buffer; r: Buffer };
}

/** Makes a repository in a directory that does not exist yet, with an identity of its own. */
export function quickRepository(directory: string, password: string): void {
  for (const part of ["data", "index", "keys", "locks", "snapshots"])
    mkdirSync(join(directory, part), { recursive: true });
  const master = keyOf(randomBytes(64));
  const config = { version: 2, id: randomBytes(32).toString("hex"), chunker_polynomial: "25b468838dcb75" };
  writeFileSync(join(directory, "config"), seal(master, JSON.stringify(config)), { mode: 0o600 });
  const text = JSON.stringify(keyFile(master, password));
  const name = createHash("sha256").update(text).digest("hex");
  writeFileSync(join(directory, "keys", name), text, { mode: 0o600 });
}

function keyFile(master: Key, password: string): object {
  const [cost, salt] = [{ N: 2, r: 1, p: 1 }, randomBytes(64)];
  const user = keyOf(scryptSync(password, salt, 64, cost));
  const { encrypt, mac } = master;
  const base64 = {
    mac: { k: mac.k.toString("base64"), r: mac.r.toString("base64") },
    encrypt: encrypt.toString("base64"),
  };
  const data = seal(user, JSON.stringify(base64)).toString("base64");
  return {
    created: new Date().toISOString(),
    username: "root",
    hostname: "shop",
    kdf: "scrypt",
    ...cost,
    salt: salt.toString("base64"),
    data,
  };
}

/** Poly1305 asks for some bits of its second half to be zero. */
function keyOf(bytes: Buffer): Key {
  const r = Buffer.from(bytes.subarray(48, 64));
  for (const i of [3, 7, 11, 15]) r[i]! &= 15;
  for (const i of [4, 8, 12]) r[i]! &= 252;
  return { encrypt: bytes.subarray(0, 32), mac: { k: bytes.subarray(32, 48), r } };
}

/** Nonce, AES-256 in counter mode, Poly1305-AES of the latter. */
function seal({ encrypt, mac }: Key, text: string): Buffer {
  const nonce = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", encrypt, nonce);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const block = createCipheriv("aes-128-ecb", mac.k, null).setAutoPadding(false);
  return Buffer.concat([nonce, sealed, poly1305(mac.r, block.update(nonce), sealed)]);
}

const number = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);

function poly1305(r: Buffer, s: Buffer, message: Buffer): Buffer {
  const prime = (1n << 130n) - 5n;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = Buffer.concat([message.subarray(at, at + 16), Buffer.from([1])]);
    sum = ((sum + number(block)) * number(r)) % prime;
  }
  const tag = (sum + number(s)) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}
