import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository, runDir } from "../config.js";
import { APP_PASSWORD, CUSTOMER } from "../shop/app.js";
import type { Laptop } from "../world.js";

/** Where a host answers and with which key, as the stack's outputs say. */
export interface Target {
  address: string;
  hostKey: string;
  sshPort: number;
}

export const CONTAINER = "postgres_container";
export const DATABASE = "mydb";

/** The shop's server as its owner uses it: over SSH, with the host key that the program knows. */
export class ShopServer {
  private constructor(
    private readonly laptop: Laptop,
    private readonly target: Target,
    private readonly knownHosts: string,
  ) {}

  static async at(laptop: Laptop, target: Target): Promise<ShopServer> {
    const directory = await mkdtemp(join(runDir(), "ssh-"));
    const knownHosts = join(directory, "known_hosts");
    await writeFile(knownHosts, `${target.address} ${target.hostKey}\n`);
    return new ShopServer(laptop, target, knownHosts);
  }

  get address(): string {
    return this.target.address;
  }

  get hostKey(): string {
    return this.target.hostKey;
  }

  private sshOptions(): string[] {
    return [
      ...["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"],
      ...["-o", `UserKnownHostsFile=${this.knownHosts}`, "-i", this.laptop.sshKey],
    ];
  }

  /** Runs a shell command as root. @returns standard output; standard error goes to `onError` line by line. */
  async run(command: string, stdin = "", onError?: (text: string) => void): Promise<string> {
    const child = spawn("ssh", [...this.sshOptions(), `root@${this.target.address}`, command]);
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
      onError?.(chunk.toString());
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0)
      throw new Error(`on the server, "${command.slice(0, 200)}" ended with ${code}:\n${errors.slice(-3000)}`);
    return output;
  }

  /** SQL as the database's superuser, in its container. @returns unaligned tuples */
  async sql(text: string, database = DATABASE): Promise<string> {
    return this.run(`docker exec -i ${CONTAINER} psql -XAtq -v ON_ERROR_STOP=1 -U postgres -d ${database}`, text);
  }

  /** What the owner does: some services of the compose file, or all of them. */
  async compose(...services: string[]): Promise<void> {
    await this.run(`cd /opt/app && docker-compose up -d --quiet-pull ${services.join(" ")} 2>&1`);
  }

  /** The database, empty. */
  async startDatabase(): Promise<void> {
    await this.compose("database");
    await this.run(
      `for i in $(seq 300); do docker exec ${CONTAINER} pg_isready -q -h 127.0.0.1 -U postgres && exit; sleep 0.1; done; exit 1`,
    );
  }

  /** The application and what stands in front of it, with one customer who can log in. */
  async startApp(): Promise<void> {
    await this.compose("web", "caddy");
    const { email, name, password } = CUSTOMER;
    await this.run("docker exec -i shop_app python3 -B /srv/shop/shop.py customer", `${email}\n${name}\n${password}\n`);
  }

  /** Copies the demo shop's files into the container and fills its database. */
  async openShop(orders: number): Promise<void> {
    await this.copyIn(join(repository, "lab/shop"), "/tmp/shop");
    await this.run(`docker exec ${CONTAINER} createdb -U postgres ${DATABASE}`);
    await this.run(
      `IFS= read -r SHOP_APP_PASSWORD; export SHOP_APP_PASSWORD
       docker exec -e SHOP_APP_PASSWORD ${CONTAINER} psql -XqU postgres -v ON_ERROR_STOP=1 -v orders=${orders} -d ${DATABASE} -f /tmp/shop/sql/shop.sql`,
      `${APP_PASSWORD}\n`,
    );
  }

  /** A write load of `seconds`; resolves with the number of orders it placed. */
  async load(seconds: number): Promise<number> {
    const said = await this.run(`docker exec -e PGUSER=postgres ${CONTAINER} /tmp/shop/load.sh ${DATABASE} ${seconds}`);
    return Number(/placed=(\d+)/.exec(said)?.[1]);
  }

  private async copyIn(directory: string, into: string): Promise<void> {
    const tar = spawn("tar", ["-C", directory, "-cf", "-", "."], { stdio: ["ignore", "pipe", "inherit"] });
    const ssh = spawn(
      "ssh",
      [
        ...this.sshOptions(),
        `root@${this.target.address}`,
        `docker exec ${CONTAINER} mkdir -p ${into} && docker cp - ${CONTAINER}:${into}`,
      ],
      { stdio: [tar.stdout, "ignore", "inherit"] },
    );
    const [code] = (await once(ssh, "close")) as [number];
    if (code !== 0) throw new Error(`copying ${directory} into the shop's container ended with ${code}`);
  }
}
