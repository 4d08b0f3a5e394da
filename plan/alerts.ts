/** Whom a job tells how its runs end: `granary:alerts`, and the secret map `granary:alertSecrets`, its names and the form of its values. */
import type { Email } from "../settings/alerts.js";

/** Who is told when a run of any job fails. */
const GENERAL = ["webhook", "telegramToken", "telegramChat", "emailPassword"] as const;

/** What one job is told: all of it is secret, since who knows an address can silence or flood it. */
export interface JobAlerts {
  /** Dead-man switch, healthchecks-compatible: `URL/start`, `URL` for success, `URL/<exit code>` for a failure. */
  ping?: string;
  /** Takes `{"text": …}`, as Slack, Mattermost, Rocket.Chat and Google Chat do. */
  webhook?: string;
  telegramToken?: string;
  telegramChat?: string;
  /** Of the settings' `alerts.email.user`. */
  emailPassword?: string;
}

const FORMS: Readonly<Record<string, [RegExp, string]>> = {
  url: [/^https?:\/\/[^\s"\\]+[^\s"\\/]$/, "use an address that begins with https:// and does not end with /"],
  telegramToken: [/^\d+:[\w-]+$/, "use the bot's token as BotFather gave it, 123456:ABC…"],
  telegramChat: [/^(-?\d+|@\w+)$/, "use the chat's number, or @name of a channel"],
  emailPassword: [/^[^\r\n\0]+$/, "use the password that the mail server gave you, on one line"],
};

/**
 * What is wrong with the map, or undefined. The values are never part of it.
 * @param jobs every `host/job` there is
 * @param email of the settings
 */
export function alertFault(secrets: Record<string, unknown>, jobs: string[], email?: Email): string | undefined {
  for (const [name, value] of Object.entries(secrets)) {
    const ping = name.startsWith("ping/");
    if (!ping && !GENERAL.some((known) => known === name))
      return `"${name}" is nothing that is known: use ping/HOST/JOB, ${GENERAL.join(", ")}`;
    if (ping && !jobs.includes(name.slice("ping/".length)))
      return `"${name}" is of no job (there are: ${jobs.join(", ")}): correct the name or remove it`;
    const [form, remedy] = FORMS[name] ?? FORMS["url"]!;
    if (typeof value !== "string" || !form.test(value)) return `the value of "${name}" (not shown) is wrong: ${remedy}`;
  }
  if ("telegramToken" in secrets !== "telegramChat" in secrets)
    return "telegramToken and telegramChat go together: set the other one too";
  if ("emailPassword" in secrets === (email?.user !== undefined)) return undefined;
  return "emailPassword and alerts.email.user of the settings go together: set the other one too";
}

/** What one job gets of the map. */
export function alertsOf(secrets: Record<string, string>, host: string, job: string): JobAlerts {
  const ping = secrets[`ping/${host}/${job}`];
  const general = GENERAL.flatMap((name) => (secrets[name] === undefined ? [] : [[name, secrets[name]]]));
  return { ...(ping === undefined ? {} : { ping }), ...(Object.fromEntries(general) as JobAlerts) };
}

/** The same in the env file of the job. */
export function alertPairs(secrets: JobAlerts, email?: Email): Record<string, string> {
  const { ping, webhook, telegramToken, telegramChat } = secrets;
  return {
    ...(ping === undefined ? {} : { GRANARY_ALERT_PING: ping }),
    ...(webhook === undefined ? {} : { GRANARY_ALERT_WEBHOOK: webhook }),
    ...(telegramToken === undefined ? {} : { GRANARY_ALERT_TELEGRAM_TOKEN: telegramToken }),
    ...(telegramChat === undefined ? {} : { GRANARY_ALERT_TELEGRAM_CHAT: telegramChat }),
    ...(email === undefined ? {} : emailPairs(email, secrets.emailPassword)),
  };
}

function emailPairs({ server, from, to, user }: Email, password: string | undefined): Record<string, string> {
  return {
    GRANARY_ALERT_EMAIL_SERVER: server,
    GRANARY_ALERT_EMAIL_FROM: from,
    GRANARY_ALERT_EMAIL_TO: to.join(" "),
    ...(user === undefined ? {} : { GRANARY_ALERT_EMAIL_USER: user }),
    ...(user === undefined || password === undefined ? {} : { GRANARY_ALERT_EMAIL_PASSWORD: password }),
  };
}
