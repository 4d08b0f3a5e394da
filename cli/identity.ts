import { readFileSync } from "node:fs";

/**
 * The identities in a file that `age-keygen` wrote, one a line.
 * @throws Error when it cannot be read or holds none; its text is never shown
 */
export function readIdentity(file: string): string {
  const lines = text(file)
    .split("\n")
    .filter((line) => line.startsWith("AGE-SECRET-KEY-1"));
  if (lines.length > 0) return `${lines.join("\n")}\n`;
  throw new Error(
    `${file} holds no age identity: give the file that \`age-keygen\` wrote, with a line that starts with AGE-SECRET-KEY-1`,
  );
}

function text(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`the identity file ${file} cannot be read (${code}): give the file that \`age-keygen\` wrote`);
  }
}
