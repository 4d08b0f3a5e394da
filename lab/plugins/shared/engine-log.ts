/** Lines to the engine's display, beside the resource they belong to. */
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";

export type Severity = "debug" | "info" | "warning" | "error";

type Send = (severity: Severity, urn: string, message: string, ephemeral: boolean) => void;
let send: Send = () => undefined;

/** From now on {@link log} reaches the engine at `address` (host:port, as given to a plugin on its command line). */
export function connectLog(address: string): void {
  const { LogRequest, LogSeverity } = messages;
  const severities = {
    debug: LogSeverity.DEBUG,
    info: LogSeverity.INFO,
    warning: LogSeverity.WARNING,
    error: LogSeverity.ERROR,
  };
  const client = new services.EngineClient(address, grpc.credentials.createInsecure());
  send = (severity, urn, message, ephemeral) => {
    const request = new LogRequest();
    request.setSeverity(severities[severity]);
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    // A line that does not arrive must not fail the operation it speaks of.
    client.log(request, () => undefined);
  };
}

/** Shows `message` beside the resource; an ephemeral one is progress and is not kept. */
export function log(severity: Severity, urn: string, message: string, ephemeral = false): void {
  send(severity, urn, message, ephemeral);
}
