/** The line of an age identity file that is the identity. @throws Error when there is none; the text is never shown */
export function identityFrom(text: string, file: string): string {
  const lines = text.split("\n").filter((line) => line.startsWith("AGE-SECRET-KEY-1"));
  if (lines.length > 0) return `${lines.join("\n")}\n`;
  throw new Error(
    `${file} holds no age identity: give the file that \`age-keygen\` wrote, with a line that starts with AGE-SECRET-KEY-1`,
  );
}
