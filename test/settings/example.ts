/** Settings that are right, for tests to spoil one value at a time. Keys are public halves of pairs nobody kept. */
export const RECIPIENTS = [
  "age18h2hlj64c3gn4l06d70whev4z3gc99lcfu4n304xqdgrzlev7ejqx90e2d",
  "age16as5xrj73rjpl70kf5yzgsflevce9lvr4y7dd9d7jqjrsl8h89ase4c62e",
];
export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPibeG7H2wsZfO4WCo2IH8XF0XTvNv5JdqL9XURfiUrj";
export const ECDSA_KEY =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCJuUkMJtr65rlsTjFZufTUFP0f3BXhJagMeX8kIYSgmBtYl3heZscOgPIjTZVXSYxynYbDsVMqpUNTt2CdGGJg=";
export const ACCOUNT = "0123456789abcdef0123456789abcdef";

/** A new copy every time: with all three kinds of copy and one host with one job, and no more than must be said. */
export function example() {
  return {
    encryption: { recipients: [...RECIPIENTS] },
    copies: {
      spaces: { kind: "spaces", region: "fra1", bucket: "kolonell-backups" },
      r2: { kind: "r2", accountId: ACCOUNT, bucket: "kolonell-archive" },
      box: { kind: "storageBox" },
    },
    hosts: {
      shop: {
        address: "203.0.113.10",
        hostKey: HOST_KEY,
        provider: "hetzner",
        country: "DE",
        jobs: { orders: { kind: "postgres", database: "mydb" } },
      },
    },
  };
}

/** The example with the value at a dotted path replaced; `undefined` removes it. */
export function spoiled(path: string, value: unknown): unknown {
  const raw: unknown = example();
  const keys = path.split(".");
  const last = keys.pop() as string;
  const at = keys.reduce<Record<string, unknown>>(
    (map, key) => (map[key] ??= {}) as Record<string, unknown>,
    raw as Record<string, unknown>,
  );
  if (value === undefined) delete at[last];
  else at[last] = value;
  return raw;
}
