/** A real sshd on a loopback port, with keys and a configuration of its own. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

export class Sshd {
  readonly directory = mkdtempSync(join(tmpdir(), "granary-sshd-"));
  readonly user = userInfo().username;
  port = 0;
  private process: ChildProcess | undefined;

  constructor() {
    for (const name of ["host_ed25519", "other_ed25519", "client"]) this.key(name, "ed25519");
    this.key("host_ecdsa", "ecdsa");
    writeFileSync(join(this.directory, "authorized_keys"), this.publicKey("client"), { mode: 0o600 });
  }

  publicKey = (name: string): string => readFileSync(join(this.directory, `${name}.pub`), "utf8").trim();
  get privateKey(): string {
    return readFileSync(join(this.directory, "client"), "utf8");
  }

  /** Takes a free port without listening on it yet. */
  async reserve(): Promise<void> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    await new Promise((resolve) => server.close(resolve));
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    // sshd as root insists on its privilege separation directory.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const config = join(this.directory, "sshd_config");
    writeFileSync(
      config,
      [
        `ListenAddress 127.0.0.1:${this.port}`,
        `HostKey ${join(this.directory, "host_ecdsa")}`,
        `HostKey ${join(this.directory, "host_ed25519")}`,
        `AuthorizedKeysFile ${join(this.directory, "authorized_keys")}`,
        `PidFile none`,
        "StrictModes no",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "AcceptEnv ALLOWED PULUMI_COMMAND_*",
        "Subsystem sftp internal-sftp",
      ].join("\n") + "\n",
    );
    this.process = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", config], { stdio: "ignore" });
    for (let attempt = 0; !(await answers(this.port)); attempt++) {
      if (attempt > 100) throw new Error("sshd did not start");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  stop(): void {
    this.process?.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private key(name: string, type: string): void {
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", join(this.directory, name)]);
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.unref();
    setTimeout(() => socket.destroy(), 100).unref();
  });
