import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { sshAuth, sshConnection, type SshAuth } from "../../components/ssh.js";
import { record, valueOf } from "./engine.js";
import { configure } from "./fixtures.js";

afterEach(() => vi.unstubAllEnvs());

const auth = (): SshAuth => sshAuth(new pulumi.Config("granary"));

describe("the program's own SSH key", () => {
  it("is the secret, even when there is an agent", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/run/agent");
    configure({}, { sshPrivateKey: "the key" });
    const { result } = await record(auth);
    expect(Object.keys(result)).toEqual(["privateKey"]);
    expect(await valueOf(result.privateKey!)).toBe("the key");
    expect(await (result.privateKey as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });

  it("stays in the agent, whose socket differs at every login and is not written down", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", "/run/agent");
    configure({});
    expect((await record(auth)).result).toEqual({});
  });

  it.each([undefined, ""])("is missed when there is neither, with what to do about it (%s)", async (socket) => {
    vi.stubEnv("SSH_AUTH_SOCK", socket);
    configure({});
    await expect(record(auth)).rejects.toThrow(
      "no SSH key to reach the hosts with: start an agent (`eval $(ssh-agent) && ssh-add`), " +
        "or run `pulumi config set --secret granary:sshPrivateKey < ~/.ssh/id_ed25519`",
    );
  });
});

describe("a connection", () => {
  it("is to root, of one machine with one key, and waits for it a minute", () => {
    const target = { host: "203.0.113.10", port: 2222, hostKey: "ssh-ed25519 AAAA" };
    expect(sshConnection(target, {})).toEqual({ ...target, user: "root", dialErrorLimit: 60, perDialTimeout: 15 });
  });
});
