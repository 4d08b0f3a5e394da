/**
 * A resource provider on Pulumi's own gRPC service. The SDK's `@pulumi/pulumi/provider` server cannot carry what the
 * stand-ins need: it never hands over the configuration, and knows no preview, no old inputs and no detailed diff.
 */
import type { Resource } from "./resource.js";
import * as rules from "./resource.js";
import { coerceAll, problems, type Failure, type Props } from "./schema.js";
import { secret, unwrapAll, type Values } from "./values.js";

export interface Invoke<Client> {
  inputs: Props;
  run(client: Client, args: Values): Promise<Values>;
}

/** A whole plugin: its identity, its configuration and what it offers. */
export interface Plugin<Client> {
  name: string;
  version: string;
  config: Props;
  /** Makes the client; throws with a remedy if the configuration does not do. */
  configure(config: Values): Client;
  resources: Resource<Client>[];
  /** Functions by token. */
  invokes: Record<string, Invoke<Client>>;
}

export interface Changed {
  id: string;
  outs: Values;
}

/** Members that the engine itself adds to every provider's configuration. */
const ENGINE_CONFIG = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"];

const ownConfig = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([key]) => !ENGINE_CONFIG.includes(key)));

/** The provider's operations on property bags as the engine sends them; the gRPC service around it is in `serve.ts`. */
export class Provider<Client> {
  private client: Client | undefined;

  constructor(readonly plugin: Plugin<Client>) {}

  /** What is wrong with a provider configuration; the given values with the declared secrets wrapped. */
  checkConfig(news: Values): { inputs: Values; failures: Failure[] } {
    const inputs = Object.entries(news).map(([key, value]) =>
      this.plugin.config[key]?.secret === true && value !== undefined ? [key, secret(value)] : [key, value],
    );
    return {
      inputs: Object.fromEntries(inputs) as Values,
      failures: problems(this.plugin.config, ownConfig(unwrapAll(news))),
    };
  }

  configure(config: Values): void {
    this.client = this.plugin.configure(coerceAll(this.plugin.config, ownConfig(unwrapAll(config))));
  }

  check(urn: string, olds: Values, news: Values): { inputs: Values; failures: Failure[] } {
    return rules.check(this.resource(urn), urn, olds, news);
  }

  diff(urn: string, oldInputs: Values, news: Values): rules.Difference {
    return rules.diff(this.resource(urn), oldInputs, news);
  }

  async create(urn: string, news: Values, preview: boolean): Promise<Changed> {
    const resource = this.resource(urn);
    const inputs = coerceAll(resource.inputs, unwrapAll(news));
    if (preview) return { id: "", outs: rules.protect(resource, rules.previewCreate(resource, inputs), news) };
    try {
      const { id, outs } = await resource.create(this.configured(), inputs, urn);
      return { id, outs: rules.protect(resource, outs, news) };
    } catch (error) {
      if (!(error instanceof rules.HalfCreatedError)) throw error;
      throw new rules.HalfCreatedError(error.id, rules.protect(resource, error.outs, news), error.cause);
    }
  }

  /** Reality, as state and as inputs; undefined when there is nothing any more. */
  async read(
    id: string,
    urn: string,
    inputs: Values,
    state: Values,
  ): Promise<{ inputs: Values; state: Values } | undefined> {
    const resource = this.resource(urn);
    if (!resource.read) return { inputs, state };
    const real = await resource.read(this.configured(), id, unwrapAll(state));
    if (real === undefined) return undefined;
    const given =
      Object.keys(inputs).length > 0 ? rules.inputsFrom(resource, unwrapAll(inputs), real) : importable(resource, real);
    return { inputs: rules.protect(resource, given, inputs), state: rules.protect(resource, real, state, inputs) };
  }

  async update(id: string, urn: string, old: rules.Previous, news: Values, preview: boolean): Promise<Values> {
    const resource = this.resource(urn);
    const inputs = coerceAll(resource.inputs, unwrapAll(news));
    const state = unwrapAll(old.state);
    const outs = preview
      ? rules.previewUpdate(resource, state, inputs)
      : await resource.update(
          this.configured(),
          id,
          inputs,
          { inputs: coerceAll(resource.inputs, unwrapAll(old.inputs)), state },
          urn,
        );
    // What was secret stays so as long as its value may be the old one.
    return rules.protect(resource, outs, news, outputsOf(resource, old.state));
  }

  async delete(id: string, urn: string, state: Values): Promise<void> {
    await this.resource(urn).delete?.(this.configured(), id, unwrapAll(state), urn);
  }

  async invoke(token: string, args: Values): Promise<{ outs: Values; failures: Failure[] }> {
    const found = this.plugin.invokes[token];
    if (!found) throw new Error(`the stand-in for ${this.plugin.name} has no function ${token}`);
    const failures = problems(found.inputs, unwrapAll(args));
    if (failures.length > 0) return { outs: {}, failures };
    return { outs: await found.run(this.configured(), coerceAll(found.inputs, unwrapAll(args))), failures };
  }

  private resource(urn: string): Resource<Client> {
    const token = (urn.split("::")[2] ?? "").split("$").at(-1);
    const found = this.plugin.resources.find((resource) => resource.token === token);
    if (!found) throw new Error(`the stand-in for ${this.plugin.name} has no resource ${token}`);
    return found;
  }

  private configured(): Client {
    if (this.client === undefined) throw new Error(`the ${this.plugin.name} provider is not configured`);
    return this.client;
  }
}

const outputsOf = <C>(resource: Resource<C>, state: Values): Values =>
  Object.fromEntries(Object.entries(state).filter(([key]) => key in resource.outputs));

/** For an import there are no inputs yet: everything in the state that a program could give. */
const importable = <C>(resource: Resource<C>, state: Values): Values =>
  Object.fromEntries(Object.entries(state).filter(([key]) => key in resource.inputs));
