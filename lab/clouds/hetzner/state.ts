import type { Action } from "./actions.js";

export type Labels = Record<string, string>;

export interface SshKeyRecord {
  id: number;
  created: string;
  labels: Labels;
  fingerprint: string;
  name: string;
  public_key: string;
}

export interface FirewallRecord {
  id: number;
  created: string;
  labels: Labels;
  name: string;
  rules: { direction: "in" | "out" }[];
}

export interface PrimaryIpRecord {
  id: number;
  created: string;
  labels: Labels;
  name: string;
  type: "ipv4" | "ipv6";
  ip: string;
  location: string;
  autoDelete: boolean;
  deleteProtection: boolean;
}

export interface ServerRecord {
  id: number;
  created: string;
  labels: Labels;
  name: string;
  status: "initializing" | "running";
  serverType: string;
  location: string;
  image: number;
  ipv4: string;
  firewalls: number[];
  protection: { delete: boolean; rebuild: boolean };
}

export interface SnapshotImageRecord {
  id: number;
  created: string;
  labels: Labels;
  description: string;
  server: { id: number; name: string };
  deleteProtection: boolean;
}

export interface BoxAccess {
  reachable_externally: boolean;
  samba_enabled: boolean;
  ssh_enabled: boolean;
  webdav_enabled: boolean;
  zfs_enabled: boolean;
}

export interface SnapshotPlan {
  minute: number;
  hour: number;
  day_of_week: number | null;
  day_of_month: number | null;
  max_snapshots: number;
}

export interface BoxRecord {
  id: number;
  created: string;
  labels: Labels;
  name: string;
  status: "initializing" | "active";
  username: string;
  server: string;
  type: string;
  location: string;
  access: BoxAccess;
  deleteProtection: boolean;
  plan: SnapshotPlan | null;
  /** How many sub-accounts it ever had: the next one's number is one more. */
  subaccountsMade: number;
}

export interface SubaccountRecord {
  id: number;
  created: string;
  labels: Labels;
  box: number;
  name: string;
  username: string;
  server: string;
  homeDirectory: string;
  description: string;
  access: Omit<BoxAccess, "zfs_enabled"> & { readonly: boolean };
}

export interface BoxSnapshotRecord {
  id: number;
  created: string;
  labels: Labels;
  box: number;
  name: string;
  description: string;
  /** Made by the snapshot plan. */
  automatic: boolean;
}

/** One Hetzner project. */
export interface HetznerState {
  actions: Record<string, Action>;
  sshKeys: Record<string, SshKeyRecord>;
  firewalls: Record<string, FirewallRecord>;
  primaryIps: Record<string, PrimaryIpRecord>;
  servers: Record<string, ServerRecord>;
  images: Record<string, SnapshotImageRecord>;
  boxes: Record<string, BoxRecord>;
  subaccounts: Record<string, SubaccountRecord>;
  boxSnapshots: Record<string, BoxSnapshotRecord>;
}

export function freshHetzner(): HetznerState {
  return {
    actions: {},
    sshKeys: {},
    firewalls: {},
    primaryIps: {},
    servers: {},
    images: {},
    boxes: {},
    subaccounts: {},
    boxSnapshots: {},
  };
}
