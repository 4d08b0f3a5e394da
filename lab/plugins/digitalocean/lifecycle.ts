/** Lifecycle rules of a Spaces bucket, between the program's form and S3's XML. */
import { randomBytes } from "node:crypto";
import { text, compact, isObject, type Value, type Values } from "../shared/values.js";
import { element, elements, escaped } from "./s3.js";

const tag = (name: string, content: string | undefined): string =>
  content === undefined ? "" : `<${name}>${content}</${name}>`;

/** A number of days, where 0 is dropped like "not given", as in the official plugin. */
const days = (value: Value): string | undefined => (Number(value ?? 0) > 0 ? String(Number(value)) : undefined);

/** Only one of the three counts: date, else days, else the delete-marker rule. */
function expiration(value: Value): string | undefined {
  if (!isObject(value)) return undefined;
  if (value["date"]) return tag("Date", `${text(value["date"])}T00:00:00Z`);
  const count = days(value["days"]);
  if (count !== undefined) return tag("Days", count);
  return tag("ExpiredObjectDeleteMarker", text(value["expiredObjectDeleteMarker"] === true));
}

function rule(from: Values): string {
  const abort = days(from["abortIncompleteMultipartUploadDays"]);
  const noncurrent = isObject(from["noncurrentVersionExpiration"])
    ? days(from["noncurrentVersionExpiration"]["days"])
    : undefined;
  const id = from["id"] ? text(from["id"]) : `tf-s3-lifecycle-${randomBytes(13).toString("hex")}`;
  return tag(
    "Rule",
    [
      tag("AbortIncompleteMultipartUpload", abort && tag("DaysAfterInitiation", abort)),
      tag("Expiration", expiration(from["expiration"])),
      tag("Filter", tag("Prefix", escaped(text(from["prefix"] ?? "")))),
      tag("ID", escaped(id)),
      tag("NoncurrentVersionExpiration", noncurrent && tag("NoncurrentDays", noncurrent)),
      tag("Status", from["enabled"] === true ? "Enabled" : "Disabled"),
    ].join(""),
  );
}

/** The document of `PUT ?lifecycle`. */
export const lifecycleXml = (rules: Values[]): string =>
  `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rules.map(rule).join("")}</LifecycleConfiguration>`;

const numberIn = (xml: string | undefined, name: string): Value => {
  const text = xml === undefined ? undefined : element(xml, name);
  return text === undefined ? undefined : Number(text);
};

/** The rules of a `GET ?lifecycle` answer, in the program's form. */
export function lifecycleRules(xml: string): Values[] {
  return elements(xml, "Rule").map((one) => {
    const expires = elements(one, "Expiration")[0];
    const marker = expires === undefined ? undefined : element(expires, "ExpiredObjectDeleteMarker");
    const noncurrent = elements(one, "NoncurrentVersionExpiration")[0];
    const prefix = element(one, "Prefix");
    return compact({
      id: element(one, "ID"),
      prefix: prefix === "" ? undefined : prefix,
      enabled: element(one, "Status") === "Enabled",
      abortIncompleteMultipartUploadDays: numberIn(
        elements(one, "AbortIncompleteMultipartUpload")[0],
        "DaysAfterInitiation",
      ),
      expiration:
        expires === undefined
          ? undefined
          : {
              date: element(expires, "Date")?.slice(0, 10),
              days: numberIn(expires, "Days"),
              expiredObjectDeleteMarker: marker && marker === "true",
            },
      noncurrentVersionExpiration:
        noncurrent === undefined ? undefined : { days: numberIn(noncurrent, "NoncurrentDays") },
    });
  });
}
