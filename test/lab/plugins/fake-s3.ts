/** Just enough of S3 for one bucket resource, keeping the calls it got. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The domain whose names the tests' plugins resolve to this machine. */
export const DOMAIN = "spaces.test";

export interface S3CallSeen {
  /** `METHOD host path?query`, the host without its port. */
  call: string;
  acl: string | undefined;
  body: string;
}

interface Bucket {
  versioning: string;
  lifecycle: string | undefined;
  /** `key version` of what is in it. */
  objects: string[];
}

export class FakeS3 {
  readonly buckets = new Map<string, Bucket>();
  seen: S3CallSeen[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8").on("data", (part: string) => (text += part));
      request.on("end", () => this.answer(request, text, response));
    });
  }

  /** Starts listening; gives the value for `spacesEndpoint`. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://{{.Region}}.${DOMAIN}:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(request: IncomingMessage, text: string, response: ServerResponse): void {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const acl = request.headers["x-amz-acl"];
    this.seen.push({
      call: `${request.method} ${host} ${request.url}`,
      acl: Array.isArray(acl) ? acl[0] : acl,
      body: text,
    });
    const url = new URL(request.url ?? "/", "http://s3");
    const name = url.pathname === "/" ? (host.split(".")[0] ?? "") : url.pathname.slice(1);
    const [status, xml] = this.act(`${request.method} ${[...url.searchParams.keys()][0] ?? ""}`.trim(), name, text);
    response.writeHead(status, { "content-type": "application/xml" }).end(request.method === "HEAD" ? undefined : xml);
  }

  private act(action: string, name: string, text: string): [number, string] {
    const bucket = this.buckets.get(name);
    if (action === "PUT") {
      this.buckets.set(name, { versioning: "", lifecycle: undefined, objects: [] });
      return [200, ""];
    }
    if (!bucket) return [404, error("NoSuchBucket")];
    switch (action) {
      case "HEAD":
      case "PUT acl":
        return [200, ""];
      case "GET location":
        return [200, '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>'];
      case "PUT versioning":
        bucket.versioning = text;
        return [200, ""];
      case "GET versioning":
        return [200, bucket.versioning || "<VersioningConfiguration/>"];
      case "PUT lifecycle":
        bucket.lifecycle = text;
        return [200, ""];
      case "DELETE lifecycle":
        bucket.lifecycle = undefined;
        return [204, ""];
      case "GET lifecycle":
        return bucket.lifecycle === undefined ? [404, error("NoSuchLifecycleConfiguration")] : [200, bucket.lifecycle];
      case "GET versions":
        return [200, `<ListVersionsResult>${bucket.objects.map(version).join("")}</ListVersionsResult>`];
      case "POST delete":
        bucket.objects = bucket.objects.filter((one) => !text.includes(`<VersionId>${one.split(" ")[1]}</VersionId>`));
        return [200, "<DeleteResult/>"];
      case "DELETE":
        if (bucket.objects.length > 0) return [409, error("BucketNotEmpty")];
        this.buckets.delete(name);
        return [204, ""];
      default:
        return [405, error("MethodNotAllowed")];
    }
  }
}

const error = (code: string): string => `<Error><Code>${code}</Code><Message>${code} from the fake</Message></Error>`;
const version = (one: string): string =>
  `<Version><Key>${one.split(" ")[0]}</Key><VersionId>${one.split(" ")[1]}</VersionId></Version>`;
