import { accountId, api, type TestLab } from "./lab.js";

export const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyK0a5q3tVn5Xq9b5mUO8c5Yv0gYw8J1u7i3hJw7k2C a@b";
export const server = { name: "shop", server_type: "cx23", image: "debian-12", location: "nbg1" };
export const password = "Aa1!aaaaaaaaaaaaaaaaaaaaaa";
export const box = {
  name: "backups",
  storage_box_type: "bx11",
  location: "hel1",
  password,
  access_settings: { ssh_enabled: true },
};
export const tokens = `/client/v4/accounts/${accountId}/tokens`;
export const buckets = `/client/v4/accounts/${accountId}/r2/buckets`;
export const policy = {
  effect: "allow",
  permission_groups: [{ id: "2efd5506f9c8494dacb1fa10a3e7d5b6" }],
  resources: { [`com.cloudflare.edge.r2.bucket.${accountId}_default_archive`]: "*" },
};

/** The refusal in whatever shape the vendor has: code and message. */
export async function refused(
  lab: TestLab,
  vendor: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const answer = await api(lab.clouds, vendor, method, path, body, headers);
  const all = answer.body as { error?: Refusal; errors?: Refusal[]; id?: string; message?: string } | undefined;
  const one = all?.error ?? all?.errors?.[0] ?? { code: all?.id, message: all?.message };
  return [answer.status, one.code, one.message];
}
interface Refusal {
  code: string | number | undefined;
  message: string | undefined;
}
