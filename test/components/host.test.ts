import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { Host } from "../../components/host.js";
import { onlyWith } from "../../components/install-scripts.js";
import { Job } from "../../components/job.js";
import { directoryHash } from "../../components/scripts-hash.js";
import { SpacesCopy } from "../../components/spaces-copy.js";
import * as hcloud from "@pulumi/hcloud";
import { jobEnv } from "../../plan/job-env.js";
import type { Grantee } from "../../components/copy.js";
import { parseSettings } from "../../settings/parse.js";
import { HOST_KEY as SHOP_KEY } from "../settings/example.js";
import { BOX_KEY, HOST_KEY, record, type Registered, valueOf } from "./engine.js";
import { asRoot, find, own, rawStack, REMOTE, settings, spaces, SSH_KEY, UPLOAD } from "./fixtures.js";

const SERVER = "hcloud:index/server:Server";
const HOST = "granary:hosts:Host";
const JOB = "granary:hosts:Job";
const scripts = directoryHash("scripts/");

/** One copy only: the others are tested for themselves. */
function only() {
  const all = settings();
  return { ...all, copies: { spaces: spaces() } };
}

function program() {
  const copies = { spaces: new SpacesCopy("spaces", { copy: spaces(), retention: settings().retention }) };
  const passwords = pulumi.secret({ "shop/orders": "the-database-password" } as Record<string, string>);
  const ssh = { privateKey: pulumi.secret(SSH_KEY) };
  const loginKey = new hcloud.SshKey("login", { publicKey: SHOP_KEY });
  const hosts = ["shop", "web"].map(
    (name) => new Host(name, { settings: only(), copies, replicas: {}, ssh, passwords, loginKey }),
  );
  return hosts.map(({ address, hostKey }) => ({ address, hostKey }));
}

interface Machine {
  host: string;
  job: string;
  /** Server id or address. */
  id: string;
  connection: ReturnType<typeof asRoot>;
  password?: string;
  /** What a server that was made adds to what things depend on. */
  made: string[];
  deletedWith?: string;
}

const MACHINES: Machine[] = [
  {
    host: "shop",
    job: "orders",
    id: "203.0.113.10",
    connection: asRoot("203.0.113.10", SHOP_KEY),
    password: "the-database-password",
    made: [],
  },
  {
    host: "web",
    job: "stock",
    id: "13",
    connection: asRoot("203.0.113.13", HOST_KEY),
    made: ["command:local:Command web-host-key", `${SERVER} web`],
    deletedWith: `${SERVER} web`,
  },
];

const access = {
  spaces: { kind: "s3" as const, accessKeyId: "AKSPACES", secretAccessKey: "spaces-secret" },
};

let resources: Registered[];
beforeAll(async () => {
  resources = (await record(program)).resources;
});

describe.each(MACHINES)("host $host", ({ host, job, id, connection, password, made, deletedWith }) => {
  const gone = deletedWith === undefined ? {} : { deletedWith };
  const parent = `${HOST} ${host}`;

  it("gets the scripts, verbatim", () => {
    const ready = made.length > 0 ? [`${REMOTE} ${host}-ready`] : [];
    const dependsOn = [...made, ...ready].sort();
    expect(find(resources, UPLOAD, `${host}-scripts`)).toEqual({
      type: UPLOAD,
      name: `${host}-scripts`,
      inputs: {
        connection,
        source: { archive: "scripts/" },
        remotePath: "/usr/local/lib/granary.incoming",
        triggers: [id],
      },
      parent,
      ...(dependsOn.length > 0 ? { dependsOn } : {}),
      deleteBeforeReplace: true,
    });
  });

  it("has them installed, and uninstalled when it leaves the settings", () => {
    expect(find(resources, REMOTE, `${host}-install`)).toEqual({
      type: REMOTE,
      name: `${host}-install`,
      inputs: {
        connection,
        create: "bash /usr/local/lib/granary.incoming/host/install",
        delete: "bash /usr/local/lib/granary/host/uninstall",
        stdin: `machine ${id}\nscripts ${scripts}\nupload ${host}-scripts\n`,
        addPreviousOutputInEnv: false,
      },
      parent,
      dependsOn: [...made, `${UPLOAD} ${host}-scripts`].sort(),
      ...gone,
    });
  });

  it("makes its own key for storage boxes", () => {
    expect(find(resources, REMOTE, `${host}-box-key`)).toEqual({
      type: REMOTE,
      name: `${host}-box-key`,
      inputs: {
        connection,
        create: "/usr/local/lib/granary/host/client-key box",
        stdin: `machine ${id}\n`,
        addPreviousOutputInEnv: false,
      },
      parent,
      dependsOn: [...made, `${REMOTE} ${host}-install`].sort(),
    });
  });

  it("has its job deployed, with everything secret in its standard input", () => {
    const env = jobEnv({
      settings: only(),
      host,
      job,
      machine: id,
      access,
      ...(password === undefined ? {} : { password }),
    });
    const KEY = `digitalocean:index/spacesKey:SpacesKey ${host}-to-spaces`;
    expect(find(resources, REMOTE, `${host}-${job}`)).toEqual({
      type: REMOTE,
      name: `${host}-${job}`,
      inputs: {
        connection,
        create: `/usr/local/lib/granary/host/install-job ${job} # scripts ${scripts.slice(0, 12)} ${host}-scripts`,
        delete: `/usr/local/lib/granary/host/remove-job ${job}`,
        stdin: { secret: env },
        addPreviousOutputInEnv: false,
      },
      parent: `${JOB} ${host}-${job}`,
      dependsOn: [...made, `${REMOTE} ${host}-install`, `${UPLOAD} ${host}-scripts`, KEY].sort(),
      ...gone,
      additionalSecretOutputs: ["stderr", "stdin", "stdout"],
      deleteBeforeReplace: true,
    });
    expect(env).toContain(`GRANARY_MACHINE=${id}\n`);
    expect(env.includes("GRANARY_PG_PASSWORD=the-database-password\n")).toBe(host === "shop");
  });

  it("is the parent of its jobs and credentials", () => {
    expect(find(resources, JOB, `${host}-${job}`)).toMatchObject({ parent, inputs: {} });
    expect(find(resources, "digitalocean:index/spacesKey:SpacesKey", `${host}-to-spaces`).parent).toBe(parent);
  });
});

describe("hosts", () => {
  it("register nothing else", () => {
    const names = resources.map(({ type, name }) => `${type} ${name}`);
    const each = (host: string, job: string) => [
      `${UPLOAD} ${host}-scripts`,
      ...[`${host}-box-key`, `${host}-install`, `${host}-${job}`].map((name) => `${REMOTE} ${name}`),
      `digitalocean:index/spacesKey:SpacesKey ${host}-to-spaces`,
      `${HOST} ${host}`,
      `${JOB} ${host}-${job}`,
    ];
    const server = [
      "command:local:Command web-host-key",
      `${REMOTE} web-ready`,
      "granary:hosts:Server web",
      "hcloud:index/firewall:Firewall web",
      `${SERVER} web`,
    ];
    const shared = ["hcloud:index/sshKey:SshKey login", "digitalocean:index/spacesBucket:SpacesBucket spaces"];
    const expected = [...each("shop", "orders"), ...each("web", "stock"), ...server, ...shared];
    expect(names.sort()).toEqual([...expected, "granary:copies:Spaces spaces"].sort());
  });

  it("let in the stack's login key where the program makes them", () => {
    expect(find(resources, SERVER, "web")).toMatchObject({ parent: "granary:hosts:Server web" });
    expect(find(resources, SERVER, "web").inputs["sshKeys"]).toEqual(["11"]);
    expect(find(resources, "granary:hosts:Server", "web").parent).toBe(`${HOST} web`);
  });

  it("made by the program only are never cleaned up once they are gone", () => {
    expect(onlyWith(undefined)).toEqual({});
    const withServer = resources.filter(({ deletedWith }) => deletedWith === `${SERVER} web`).map(own);
    expect(withServer.map(({ name, type }) => `${type} ${name}`)).toEqual([
      `${REMOTE} web-install`,
      `${REMOTE} web-ready`,
      `${REMOTE} web-stock`,
    ]);
    for (const { type, name, deletedWith } of resources)
      if (name.startsWith("shop")) expect([type, name, deletedWith]).toEqual([type, name, undefined]);
  });

  it("hold their box key's public half only", () => {
    expect(JSON.stringify(resources)).not.toContain("box_ed25519\n");
    expect(BOX_KEY).toMatch(/^ssh-ed25519 /);
  });
});

describe("a host with files jobs", () => {
  const withFiles = (copies: string[]) => () => {
    const raw = rawStack();
    Object.assign(raw.hosts.shop.jobs, { media: { kind: "files", paths: ["/opt/uploads"] } });
    const all = parseSettings(raw);
    const kept = Object.fromEntries(Object.entries(all.copies).filter(([name]) => copies.includes(name)));
    const passwords = pulumi.secret({} as Record<string, string>);
    const asked: Grantee[] = [];
    const grant = (grantee: Grantee) => {
      asked.push(grantee);
      const box = { kind: "box" as const, server: "u1.box", username: "u1-sub1", repositories: "u1-sub2@u1.box" };
      const s3 = { kind: "s3" as const, accessKeyId: "A", secretAccessKey: "S" };
      return { access: pulumi.secret("box" in kept ? box : s3), ready: [] };
    };
    const reader = () => pulumi.secret({ kind: "s3" as const, accessKeyId: "A", secretAccessKey: "S" });
    const made = { grant, maintenance: () => undefined, reader };
    const ssh = { privateKey: pulumi.secret(SSH_KEY) };
    const copy = Object.fromEntries(Object.keys(kept).map((name) => [name, made]));
    new Host("shop", { settings: { ...all, copies: kept }, copies: copy, ssh, passwords, replicas: {} });
    return asked;
  };

  it("makes a key for each, which the storage box is told of, and one password for their repositories", async () => {
    const { resources, result } = await record(withFiles(["box"]));
    expect(Object.keys(result[0]!.repositoryKeys)).toEqual(["media"]);
    expect(await valueOf(result[0]!.repositoryKeys["media"]![0]!)).toBe(BOX_KEY);
    expect(find(resources, REMOTE, "shop-restic-media-key").inputs).toMatchObject({
      create: "/usr/local/lib/granary/host/client-key restic-media",
    });
    const env = JSON.stringify(find(resources, REMOTE, "shop-media").inputs["stdin"]);
    expect(env).toMatch(/GRANARY_COPY_BOX_RESTIC_LOGIN=u1-sub2@u1.box/);
    expect(env).toMatch(/GRANARY_RESTIC_PASSWORD=Gr4-/);
    expect(JSON.stringify(find(resources, REMOTE, "shop-orders").inputs["stdin"])).not.toContain("RESTIC_PASSWORD");
  });

  it("needs no such keys without a storage box", async () => {
    const { resources, result } = await record(withFiles(["spaces"]));
    expect(result[0]!.repositoryKeys).toEqual({});
    expect(resources.filter(({ name }) => name.includes("restic"))).toEqual([]);
  });
});

describe("a job", () => {
  it("has a secret standard input, whatever is in it", async () => {
    const job = () =>
      new Job(
        "shop-orders",
        {
          settings: only(),
          host: "shop",
          job: "orders",
          machine: pulumi.output("1"),
          connection: { host: "203.0.113.10", hostKey: SHOP_KEY },
          access: { spaces: pulumi.output(access.spaces) },
          password: pulumi.output<string | undefined>(undefined),
          scripts: pulumi.output(scripts),
        },
        {},
      );
    const made = (await record(job)).resources;
    expect(find(made, REMOTE, "shop-orders").inputs["stdin"]).toHaveProperty("secret");
  });
});

describe("pitfalls of remote work", () => {
  const remote = () => resources.filter(({ type }) => type.startsWith("command:remote:"));

  it("a replaced server gets nothing unless its id is among the triggers of the upload", () => {
    expect(find(resources, UPLOAD, "web-scripts").inputs["triggers"]).toEqual(["13"]);
  });

  it("a replacement deletes after it creates by default: the upload deletes first", () => {
    expect(find(resources, UPLOAD, "web-scripts").deleteBeforeReplace).toBe(true);
  });

  it("every command is tied to the machine by its standard input", () => {
    for (const name of ["web-install", "web-box-key", "web-ready", "web-stock"])
      expect(JSON.stringify(find(resources, REMOTE, name).inputs["stdin"])).toMatch(/(machine|server|MACHINE=) ?13\\n/);
  });

  it("an environment needs AcceptEnv: none is sent, nor an earlier output", () => {
    for (const { type, inputs } of remote()) {
      expect(inputs).not.toHaveProperty("environment");
      if (type === REMOTE) expect(inputs["addPreviousOutputInEnv"]).toBe(false);
    }
  });

  it("ten refused dials are too few for a machine that boots: 60", () => {
    for (const { inputs } of remote()) expect(inputs["connection"]).toMatchObject({ secret: { dialErrorLimit: 60 } });
  });

  it("a failing command prints its whole text: no secret is in any", () => {
    const commands = remote().map(({ inputs }) => [inputs["create"], inputs["delete"]]);
    expect(JSON.stringify(commands)).not.toMatch(/password|secret|PRIVATE KEY|AKSPACES/);
  });
});
