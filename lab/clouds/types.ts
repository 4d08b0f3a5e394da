/** One snapshot of a storage box; `username` is the box's main account. */
export interface BoxSnapshot {
  boxId: number;
  username: string;
  /** `2026-11-24T05-00-00` */
  name: string;
}

/** What the lab's clouds ask of the lab's hosts: real machines behind the vendors' servers and boxes. */
export interface HostHooks {
  /** Makes a server. Resolves when its address is known; the machine goes on booting. `sshKeys` are public keys, authorized_keys style. */
  createServer(server: {
    id: number;
    name: string;
    userData: string;
    sshKeys: string[];
    image: string;
  }): Promise<{ ipv4: string }>;
  /** Resolves when the server has booted; rejects when it never will. */
  serverReady(id: number): Promise<void>;
  deleteServer(id: number): Promise<void>;
  /** Nothing gets in or out any more, or everything does again. */
  isolateServer(id: number, isolated: boolean): Promise<void>;
  /** Makes a storage box, an sshd on port 23. Resolves with its name when it answers. */
  createBox(box: { id: number; username: string; password: string; sshEnabled: boolean }): Promise<{ server: string }>;
  deleteBox(id: number): Promise<void>;
  createSubaccount(account: {
    boxId: number;
    username: string;
    password: string;
    homeDirectory: string;
    readonly: boolean;
    sshEnabled: boolean;
  }): Promise<void>;
  setSubaccountPassword(boxId: number, username: string, password: string): Promise<void>;
  deleteSubaccount(boxId: number, username: string): Promise<void>;
  /** Copies what is on the box to where no account can write. */
  createBoxSnapshot(snapshot: BoxSnapshot): Promise<void>;
  deleteBoxSnapshot(snapshot: BoxSnapshot): Promise<void>;
  /** The box becomes what it was when the snapshot was made. */
  rollBackBox(snapshot: BoxSnapshot): Promise<void>;
  /** Shows the main account its snapshots, read-only, or hides them. */
  showBoxSnapshots(boxId: number, username: string, visible: boolean): Promise<void>;
}

/** How to start the lab's clouds. Every figure and name is the caller's; there are no defaults. */
export interface CloudsOptions {
  /** Where the one HTTP server listens; port 0 takes a free one (see {@link Clouds.address}). */
  listen: { host: string; port: number };
  /** The lab's DNS domain: the services are `api.hetzner.<domain>`, `fra1.spaces.<domain>` and so on. */
  domain: string;
  /** Path of the MinIO binary. */
  minio: string;
  /** Path of the `s3admin` helper. */
  s3admin: string;
  /** Keeps state.json (secrets inside, mode 0600) and the S3 servers' data. */
  dataDir: string;
  hooks: HostHooks;
  log(line: string): void;
  /** The bearer token that all three vendor APIs accept. */
  token: string;
  /** The Spaces key with full access, the one the provider is configured with. At least 3 and 8 characters. */
  spaces: { accessId: string; secretKey: string };
  /** The one Cloudflare account (32 hex digits, lower case) and the names of the DNS zones in it. */
  cloudflare: { accountId: string; zones: string[] };
}

/** The running clouds. */
export interface Clouds {
  /** Where the server listens, with the port it got. */
  address: { host: string; port: number };
  /** The URL of a service, such as `url("api.hetzner")` or `url("fra1.spaces")`. */
  url(service: string): string;
  /** What each storage box's snapshot plan does once a day: a snapshot, and the oldest above the plan's number goes. */
  makeDailySnapshots(): Promise<void>;
  /** Writes the state, stops the S3 servers and the listener. Idempotent. */
  close(): Promise<void>;
}
