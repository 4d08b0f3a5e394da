/** The command plugin against a real sshd. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { command } from "../../../lab/plugins/command/plugin.js";
import { Provider } from "../../../lab/plugins/shared/provider.js";
import { unwrapAll, type Values } from "../../../lab/plugins/shared/values.js";
import { Sshd } from "./sshd.js";

const REMOTE = "urn:pulumi:test::plugins::command:remote:Command::job";
const LOCAL = "urn:pulumi:test::plugins::command:local:Command::job";
const COPY = "urn:pulumi:test::plugins::command:remote:CopyToRemote::files";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

const sshd = new Sshd();
const provider = new Provider(command);
provider.configure({});
let work = "";

const connection = (more: Values = {}): Values => ({
  host: "127.0.0.1",
  port: sshd.port,
  user: sshd.user,
  privateKey: sshd.privateKey,
  hostKey: sshd.publicKey("host_ed25519"),
  dialErrorLimit: 0,
  ...more,
});

async function create(inputs: Values, urn = REMOTE): Promise<{ id: string; outs: Values }> {
  const { inputs: checked, failures } = provider.check(urn, {}, inputs);
  expect(failures).toEqual([]);
  return provider.create(urn, checked, false);
}

beforeAll(async () => {
  delete process.env["SSH_AUTH_SOCK"];
  await sshd.reserve();
  await sshd.start();
});
afterAll(() => sshd.stop());
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "granary-command-"));
  return () => rmSync(work, { recursive: true, force: true });
});

describe("remote.Command", () => {
  it("feeds stdin and gives both outputs without their last newline", async () => {
    const { id, outs } = await create({ connection: connection(), create: "cat; echo two >&2", stdin: "one\n\n" });
    expect(id).toMatch(/^job[0-9a-f]{8}$/);
    expect({ stdout: outs["stdout"], stderr: outs["stderr"] }).toEqual({ stdout: "one\n", stderr: "two" });
  });

  it("keeps the connection and a secret stdin secret in the state", async () => {
    const stdin = { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value: "hush" };
    const { outs } = await create({ connection: connection(), create: "cat >/dev/null", stdin });
    expect(outs["stdin"]).toEqual(stdin);
    expect((outs["connection"] as Values)[SIGNATURE]).toBe("1b47061264138c4ac30d75fd1eb44270");
    expect(unwrapAll(outs)["connection"]).toMatchObject({ host: "127.0.0.1", privateKey: sshd.privateKey });
  });

  it("refuses another host key, and names the property", async () => {
    const wrong = connection({ hostKey: sshd.publicKey("other_ed25519") });
    await expect(create({ connection: wrong, create: "true" })).rejects.toThrow(
      `after 0 failed attempts: ssh: host key mismatch: 127.0.0.1:${sshd.port} does not show the key given in connection.hostKey`,
    );
  });

  it("asks for the pinned kind of key where the server has several, and checks none where none is given", async () => {
    for (const hostKey of [sshd.publicKey("host_ed25519"), sshd.publicKey("host_ecdsa"), undefined]) {
      const { outs } = await create({ connection: connection({ hostKey }), create: "echo in" });
      expect(outs["stdout"]).toBe("in");
    }
  });

  it("refuses a host key that is none, before anything is dialled", () => {
    const inputs = { connection: connection({ hostKey: "SHA256:abc" }), create: "true" };
    expect(provider.check(REMOTE, {}, inputs).failures).toEqual([
      { property: "connection.hostKey", reason: "must be a line like `ssh-ed25519 AAAA…`" },
    ]);
  });

  it("tells a failing command's text, output and exit status, whatever logging says", async () => {
    const failing = { connection: connection(), create: "echo out; sleep 0.1; echo err >&2; exit 3", logging: "none" };
    await expect(create(failing)).rejects.toThrow(
      'Process exited with status 3: running "echo out; sleep 0.1; echo err >&2; exit 3":\nout\nerr\n',
    );
  });

  it("passes on variables that the server accepts, and fails on others before the command runs", async () => {
    const marker = join(work, "ran");
    const accepted = await create({
      connection: connection(),
      create: 'printf "%s" "$ALLOWED"',
      environment: { ALLOWED: "yes" },
    });
    expect(accepted.outs["stdout"]).toBe("yes");
    const refused = {
      connection: connection(),
      create: `touch ${marker}`,
      environment: { ALLOWED: "yes", OTHER: "no" },
    };
    await expect(create(refused)).rejects.toThrow('could not set environment variable "OTHER"');
    expect(existsSync(marker)).toBe(false);
  });

  it("tries again while there is no sshd yet, up to the limit", async () => {
    const later = new Sshd();
    await later.reserve();
    const where = connection({
      port: later.port,
      privateKey: later.privateKey,
      hostKey: later.publicKey("host_ed25519"),
    });
    const started = Date.now();
    await expect(create({ connection: { ...where, dialErrorLimit: 2 }, create: "true" })).rejects.toThrow(
      /^after 2 failed attempts: dial tcp 127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
    expect(Date.now() - started).toBeGreaterThanOrEqual(250);
    const waiting = create({ connection: { ...where, dialErrorLimit: -1 }, create: "echo up" });
    setTimeout(() => void later.start(), 700);
    expect((await waiting).outs["stdout"]).toBe("up");
    later.stop();
  });

  it("runs update, or else create, on a change, with the previous output unless that is turned off", async () => {
    const inputs: Values = { connection: connection(), create: 'echo "created [$PULUMI_COMMAND_STDOUT]"' };
    const { id, outs } = await create(inputs);
    expect(outs["stdout"]).toBe("created []");
    const update = async (more: Values): Promise<unknown> => {
      const next = await provider.update(id, REMOTE, { inputs, state: outs }, { ...inputs, ...more }, false);
      return next["stdout"];
    };
    expect(await update({ stdin: "x" })).toBe("created [created []]");
    expect(await update({ update: "echo updated" })).toBe("updated");
    expect(await update({ addPreviousOutputInEnv: false })).toBe("created []");
  });

  it("runs delete if there is one", async () => {
    const file = join(work, "there");
    const { id, outs } = await create({ connection: connection(), create: `touch ${file}`, delete: `rm ${file}` });
    expect(existsSync(file)).toBe(true);
    await provider.delete(id, REMOTE, outs);
    expect(existsSync(file)).toBe(false);
    await provider.delete(id, REMOTE, { ...outs, delete: undefined });
  });

  it("replaces on changed triggers, and updates on anything else", () => {
    const inputs: Values = { connection: connection(), create: "true", triggers: ["1"] };
    expect(provider.diff(REMOTE, inputs, { ...inputs, triggers: ["2"] })).toMatchObject({ replaces: ["triggers"] });
    expect(provider.diff(REMOTE, inputs, { ...inputs, create: "false" })).toEqual({
      changes: { create: "update" },
      replaces: [],
      deleteBeforeReplace: false,
    });
    expect(provider.diff(REMOTE, inputs, { ...inputs }).changes).toEqual({});
  });
});

describe("local.Command", () => {
  it("runs here, with interpreter, directory and variables", async () => {
    const inputs = {
      create: 'echo "$0 $PWD $WORD"',
      dir: work,
      interpreter: ["/bin/bash", "-c"],
      environment: { WORD: "w" },
    };
    expect((await create(inputs, LOCAL)).outs["stdout"]).toBe(`/bin/bash ${work} w`);
  });

  it("fails with the command's text and output", async () => {
    await expect(create({ create: "echo no; exit 4" }, LOCAL)).rejects.toThrow(
      'exit status 4: running "echo no; exit 4":\nno\n',
    );
  });
});

describe("remote.CopyToRemote", () => {
  const archive = (path: string, hash = "h1"): Values => ({
    [SIGNATURE]: "0def7320c3a5731c473e5ecbe6d01bc7",
    path,
    hash,
  });
  const asset = (members: Values): Values => ({
    [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17",
    hash: "h1",
    ...members,
  });

  function source(): string {
    const folder = join(work, "src");
    mkdirSync(join(folder, "lib"), { recursive: true });
    writeFileSync(join(folder, "a"), "A");
    writeFileSync(join(folder, "lib", "b"), "B");
    return folder;
  }

  const tree = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();

  const copy = (from: Values, remotePath: string): Promise<{ id: string; outs: Values }> =>
    create({ connection: connection(), source: from, remotePath }, COPY);

  it.each([
    { slash: "", exists: true, lands: ["src/a", "src/lib/b"] },
    { slash: "", exists: false, lands: ["src/a", "src/lib/b"] },
    { slash: "/", exists: true, lands: ["a", "lib/b"] },
    { slash: "/", exists: false, lands: ["a", "lib/b"] },
  ])("puts dir$slash where it belongs (target exists: $exists)", async ({ slash, exists, lands }) => {
    const target = join(work, "dest");
    if (exists) mkdirSync(target);
    await copy(archive(source() + slash), target);
    expect(tree(target)).toEqual(lands);
    expect(readFileSync(join(target, lands[1] ?? ""), "utf8")).toBe("B");
  });

  it("puts a file into a folder, under a new name, or over a file", async () => {
    const file = asset({ path: join(source(), "a") });
    mkdirSync(join(work, "folder"));
    writeFileSync(join(work, "old"), "old content");
    for (const target of ["folder", "new", "old"]) await copy(file, join(work, target));
    expect(["folder/a", "new", "old"].map((path) => readFileSync(join(work, path), "utf8"))).toEqual(["A", "A", "A"]);
  });

  it("refuses a folder over a file, and a target whose parent is missing", async () => {
    writeFileSync(join(work, "file"), "");
    await expect(copy(archive(source()), join(work, "file"))).rejects.toThrow("exists but is not a directory");
    await expect(copy(archive(source()), join(work, "no/where"))).rejects.toThrow("failed to create remote directory");
  });

  it("writes a text asset, but not onto a folder", async () => {
    await copy(asset({ text: "text" }), join(work, "t"));
    expect(readFileSync(join(work, "t"), "utf8")).toBe("text");
    await expect(copy(asset({ text: "text" }), work)).rejects.toThrow(
      "when using a text asset, remotePath must be a file path",
    );
  });

  it("accepts only paths and texts", () => {
    const inputs = { connection: connection(), source: asset({ uri: "https://x" }), remotePath: "/x" };
    expect(provider.check(COPY, {}, inputs).failures.map(({ property }) => property)).toEqual(["asset"]);
    const assets = { ...inputs, source: { [SIGNATURE]: "0def7320c3a5731c473e5ecbe6d01bc7", assets: {}, hash: "h" } };
    expect(provider.check(COPY, {}, assets).failures.map(({ property }) => property)).toEqual(["archive"]);
  });

  it("copies again only for new content or another target, and deletes nothing", async () => {
    const [from, target] = [source() + "/", join(work, "dest")];
    const { id, outs } = await copy(archive(from), target);
    const inputs: Values = { connection: connection(), source: archive(from), remotePath: target };
    const again = async (more: Values): Promise<string[]> => {
      rmSync(target, { recursive: true, force: true });
      await provider.update(id, COPY, { inputs, state: outs }, { ...inputs, ...more }, false);
      return existsSync(target) ? tree(target) : [];
    };
    expect(await again({ connection: connection({ user: "somebody" }) })).toEqual([]);
    expect(await again({ source: archive(from, "h2") })).toEqual(["a", "lib/b"]);
    await provider.update(id, COPY, { inputs, state: outs }, { ...inputs, remotePath: join(work, "other") }, false);
    expect(tree(join(work, "other"))).toEqual(["a", "lib/b"]);
    await provider.delete(id, COPY, outs);
    expect(tree(join(work, "other"))).toEqual(["a", "lib/b"]);
  });
});
