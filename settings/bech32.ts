const CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const CHECKSUM_LENGTH = 6;

/**
 * Prefix and number of data bytes of a lower-case bech32 text (BIP 173, without its length limit, as age does it);
 * undefined when its checksum, a character or its padding is wrong.
 */
export function bech32(text: string): { prefix: string; bytes: number } | undefined {
  const split = text.lastIndexOf("1");
  const prefix = text.slice(0, Math.max(split, 0));
  const values = [...text.slice(split + 1)].map((c) => CHARACTERS.indexOf(c));
  if (prefix === "" || /[^!-~]|[A-Z]/.test(prefix) || values.includes(-1)) return undefined;
  if (values.length < CHECKSUM_LENGTH || checksum([...expand(prefix), ...values]) !== 1) return undefined;
  const data = values.slice(0, -CHECKSUM_LENGTH);
  const padding = (data.length * 5) % 8;
  const last = data.at(-1) ?? 0;
  if (padding > 4 || (last & ((1 << padding) - 1)) !== 0) return undefined;
  return { prefix, bytes: Math.floor((data.length * 5) / 8) };
}

function expand(prefix: string): number[] {
  const codes = [...prefix].map((c) => c.charCodeAt(0));
  return [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31)];
}

function checksum(values: number[]): number {
  return values.reduce((sum, value) => {
    const top = sum >>> 25;
    const next = ((sum & 0x1ffffff) << 5) ^ value;
    return GENERATOR.reduce((s, g, i) => ((top >>> i) & 1 ? s ^ g : s), next);
  }, 1);
}
