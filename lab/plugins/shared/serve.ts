/** The gRPC face of a {@link Provider}: Pulumi's `ResourceProvider` service and the start of a plugin's process. */
import grpc, { type ServiceError, type UntypedServiceImplementation } from "@grpc/grpc-js";
// One message file at a time: importing all of @pulumi/pulumi would cost half of the time a plugin has to start.
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import type * as Messages from "@pulumi/pulumi/proto/provider_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import type { Message } from "google-protobuf";
import anys from "google-protobuf/google/protobuf/any_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type Struct as StructMessage } from "google-protobuf/google/protobuf/struct_pb.js";
import { connectLog } from "./engine-log.js";
import { Provider, type Plugin } from "./provider.js";
import { HalfCreatedError, type Difference } from "./resource.js";
import type { Failure } from "./schema.js";
import { compact, type Values } from "./values.js";

type Handler = (call: { request: never }, done: (error: unknown, answer?: Message) => void) => void;

const values = (struct: StructMessage | undefined): Values => struct?.toJavaScript() ?? {};
const struct = (from: Values): StructMessage => structs.Struct.fromJavaScript(compact(from) as never);

/** A handler that answers with what `answer` gives and turns whatever it throws into a gRPC error. */
function handler<Request>(answer: (request: Request) => Promise<Message> | Message): Handler {
  return (call, done) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (message) => done(null, message),
        (error: unknown) => done(failure(error)),
      );
  };
}

/** A half-created resource travels in the error's details: fixed by Pulumi's protocol (`ErrorResourceInitFailed`). */
function failure(error: unknown): Partial<ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  const metadata = new grpc.Metadata();
  if (error instanceof HalfCreatedError) {
    const detail = new proto.ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(struct(error.outs));
    detail.setReasonsList([message]);
    const any = new anys.Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new statuses.Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(message);
    status.addDetails(any);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, message, metadata };
}

function checked(inputs: Values, failures: Failure[]): Messages.CheckResponse {
  const response = new proto.CheckResponse();
  response.setInputs(struct(inputs));
  response.setFailuresList(failures.map(checkFailure));
  return response;
}

function checkFailure({ property, reason }: Failure): Messages.CheckFailure {
  const message = new proto.CheckFailure();
  message.setProperty(property);
  message.setReason(reason);
  return message;
}

function diffResponse({ changes, replaces, deleteBeforeReplace }: Difference): Messages.DiffResponse {
  const { Kind } = proto.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  const { DiffChanges } = proto.DiffResponse;
  const keys = Object.keys(changes);
  const response = new proto.DiffResponse();
  response.setChanges(keys.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  response.setDiffsList(keys);
  response.setReplacesList(replaces);
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const [key, change] of Object.entries(changes)) {
    const detail = new proto.PropertyDiff();
    detail.setKind(kinds[change][replaces.includes(key) ? 1 : 0]);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(key, detail);
  }
  return response;
}

function aboutTheProvider<C>(provider: Provider<C>): Record<string, Handler> {
  const { name, version } = provider.plugin;
  return {
    getPluginInfo: handler(() => new plugin.PluginInfo().setVersion(version)),
    getSchema: handler(() => new proto.GetSchemaResponse().setSchema(JSON.stringify({ name, version }))),
    attach: handler(() => new empties.Empty()),
    cancel: handler(() => new empties.Empty()),
    checkConfig: handler((request: Messages.CheckRequest) => {
      const { inputs, failures } = provider.checkConfig(values(request.getNews()));
      return checked(inputs, failures);
    }),
    configure: handler((request: Messages.ConfigureRequest) => {
      provider.configure(values(request.getArgs()));
      return new proto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    invoke: handler(async (request: Messages.InvokeRequest) => {
      const { outs, failures } = await provider.invoke(request.getTok(), values(request.getArgs()));
      return new proto.InvokeResponse().setReturn(struct(outs)).setFailuresList(failures.map(checkFailure));
    }),
  };
}

function aboutResources<C>(provider: Provider<C>): Record<string, Handler> {
  return {
    check: handler((request: Messages.CheckRequest) => {
      const { inputs, failures } = provider.check(
        request.getUrn(),
        values(request.getOlds()),
        values(request.getNews()),
      );
      return checked(inputs, failures);
    }),
    diff: handler((request: Messages.DiffRequest) =>
      diffResponse(provider.diff(request.getUrn(), values(request.getOldInputs()), values(request.getNews()))),
    ),
    create: handler(async (request: Messages.CreateRequest) => {
      const { id, outs } = await provider.create(
        request.getUrn(),
        values(request.getProperties()),
        request.getPreview(),
      );
      return new proto.CreateResponse().setId(id).setProperties(struct(outs));
    }),
    read: handler(async (request: Messages.ReadRequest) => {
      const [inputs, state] = [values(request.getInputs()), values(request.getProperties())];
      const real = await provider.read(request.getId(), request.getUrn(), inputs, state);
      if (!real) return new proto.ReadResponse();
      const response = new proto.ReadResponse().setId(request.getId());
      return response.setProperties(struct(real.state)).setInputs(struct(real.inputs));
    }),
    update: handler(async (request: Messages.UpdateRequest) => {
      const old = { inputs: values(request.getOldInputs()), state: values(request.getOlds()) };
      const news = values(request.getNews());
      const outs = await provider.update(request.getId(), request.getUrn(), old, news, request.getPreview());
      return new proto.UpdateResponse().setProperties(struct(outs));
    }),
    delete: handler(async (request: Messages.DeleteRequest) => {
      await provider.delete(request.getId(), request.getUrn(), values(request.getProperties()));
      return new empties.Empty();
    }),
  };
}

/** Milliseconds between looks at whether the engine is still there. */
const ORPHAN_CHECK = 2000;

/** Serves the plugin on a free loopback port, prints the port for the engine, and ends with the engine. */
export async function serve<C>(served: Plugin<C>): Promise<void> {
  const engine = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
  if (engine !== undefined) connectLog(engine);
  const provider = new Provider(served);
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const handlers = { ...aboutTheProvider(provider), ...aboutResources(provider) };
  server.addService(services.ResourceProviderService, handlers as unknown as UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  // The engine ends its plugins with an interrupt, after their last answer.
  process.on("SIGINT", () => process.exit(0));
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(0), ORPHAN_CHECK).unref();
  process.stdout.write(`${port}\n`);
}
