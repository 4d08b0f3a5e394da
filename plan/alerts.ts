/** Whom a job tells how its runs end: the secret map `granary:alertSecrets`, its names and the form of its values. */

/** Who is told when a run of any job fails. */
const GENERAL = ["webhook", "telegramToken", "telegramChat"] as const;

/** What one job is told: all of it is secret, since who knows an address can silence or flood it. */
export interface JobAlerts {
  /** Dead-man switch, healthchecks-compatible: `URL/start`, `URL` for success, `URL/<exit code>` for a failure. */
  ping?: string;
  /** Takes `{"text": …}`, as Slack, Mattermost, Rocket.Chat and Google Chat do. */
  webhook?: string;
  telegramToken?: string;
  telegramChat?: string;
}

const FORMS: Readonly<Record<string, [RegExp, string]>> = {
  url: [/^https?:\/\/[^\s"\\]+[^\s"\\/]$/, "use an address that begins with https:// and does not end with /"],
  telegramToken: [/^\d+:[\w-]+$/, "use the bot's token as BotFather gave it, 123456:ABC…"],
  telegramChat: [/^(-?\d+|@\w+)$/, "use the chat's number, or @name of a channel"],
};

/**
 * What is wrong with the map, or undefined. The values are never part of it.
 * @param jobs every `host/job` there is
 */
export function alertFault(secrets: Record<string, unknown>, jobs: string[]): string | undefined {
  for (const [name, value] of Object.entries(secrets)) {
    const ping = name.startsWith("ping/");
    if (!ping && !GENERAL.some((known) => known === name))
      return `"${name}" is nothing that is known: use ping/HOST/JOB, ${GENERAL.join(", ")}`;
    if (ping && !jobs.includes(name.slice("ping/".length)))
      return `"${name}" is of no job (there are: ${jobs.join(", ")}): correct the name or remove it`;
    const [form, remedy] = FORMS[name] ?? FORMS["url"]!;
    if (typeof value !== "string" || !form.test(value)) return `the value of "${name}" (not shown) is wrong: ${remedy}`;
  }
  if ("telegramToken" in secrets === "telegramChat" in secrets) return undefined;
  return "telegramToken and telegramChat go together: set the other one too";
}

/** What one job gets of the map. */
export function alertsOf(secrets: Record<string, string>, host: string, job: string): JobAlerts {
  const ping = secrets[`ping/${host}/${job}`];
  const general = GENERAL.flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]]]));
  return { ...(ping === undefined ? {} : { ping }), ...(Object.fromEntries(general) as JobAlerts) };
}

/** The same in the env file of the job. */
export function alertPairs({ ping, webhook, telegramToken, telegramChat }: JobAlerts): Record<string, string> {
  return {
    ...(ping === undefined ? {} : { GRANARY_ALERT_PING: ping }),
    ...(webhook === undefined ? {} : { GRANARY_ALERT_WEBHOOK: webhook }),
    ...(telegramToken === undefined ? {} : { GRANARY_ALERT_TELEGRAM_TOKEN: telegramToken }),
    ...(telegramChat === undefined ? {} : { GRANARY_ALERT_TELEGRAM_CHAT: telegramChat }),
  };
}
