import * as pulumi from "@pulumi/pulumi";
import { LOOPBACK, listenOnLoopback } from "./loopbackListener";
import { dialService, type ServiceAddress } from "./portForward";
import { untilAnswered, type ProtocolProbe } from "./protocolProbes";
import { requireRolledOut } from "./rollout";
import { isMissing } from "./service";

/** How a provider that runs beside the program reaches a server inside the cluster. */
export type Access = {
    /** Seconds the server gets to answer after what it needs was made. */
    readonly timeoutSeconds: number;
} & (
    | { readonly mode: "tunnel"; readonly localPort: number }
    | { readonly mode: "direct"; readonly host: string; readonly port: number }
);

export interface TunnelArgs {
    readonly access: Access;
    /** Key path of the access settings, such as `flts:postgres.access`, for messages. */
    readonly setting: string;
    /** What the server is, for messages: "PostgreSQL". */
    readonly server: string;
    /** kubeconfig context of the cluster. */
    readonly context: string;
    readonly service: ServiceAddress;
    readonly probe: ProtocolProbe;
    /** Must exist before the server can answer: its Service, and what runs it. */
    readonly requires: readonly pulumi.Resource[];
    /** StatefulSet of the server, whose rollout must be over before the server is asked. */
    readonly statefulSet?: string;
}

const PROBE_INTERVAL = 500;

/**
 * The way from this program's providers to one server inside the cluster. See `tunnel.md`.
 *
 * Address and port are literals: an unknown provider input would blind the preview of everything that the
 * provider manages.
 */
export class Tunnel extends pulumi.ComponentResource {
    public readonly host: string;
    public readonly port: number;
    private readonly args: TunnelArgs;
    private open: Promise<void> | undefined;

    public constructor(name: string, args: TunnelArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:access:Tunnel", name, {}, opts);
        this.args = args;
        this.host = args.access.mode === "tunnel" ? LOOPBACK : args.access.host;
        this.port = args.access.mode === "tunnel" ? args.access.localPort : args.access.port;
        this.registerOutputs({ host: this.host, port: this.port });
    }

    /**
     * The same value, but not before the server has answered in its own protocol.
     *
     * Passing a provider's password through here delays that provider, and so everything it manages, until the
     * server can be used; and it fails the run before `@pulumi/minio`, which takes any error for "bucket does not
     * exist", has a chance to ask. In a preview the value is passed on at once and nothing is connected.
     */
    public gate(value: pulumi.Input<string>): pulumi.Output<string> {
        if (pulumi.runtime.isDryRun()) {
            return pulumi.output(value);
        }
        const created = pulumi.all(this.args.requires.map((resource) => resource.urn));
        return pulumi.all([value, created]).apply(async ([unwrapped]) => {
            this.open ??= this.connect();
            await this.open;
            return unwrapped;
        });
    }

    private async connect(): Promise<void> {
        const { access, server, setting, context, service, probe, statefulSet } = this.args;
        const timeout = access.timeoutSeconds;
        let lastFailure = "";
        if (access.mode === "tunnel") {
            // What is required was made by now: waiting does not bring back what somebody deleted since.
            if (await isMissing(context, service)) {
                throw new pulumi.RunError(
                    `${server} is gone: context ${context} has no Service ${service.namespace}/${service.name}, ` +
                        "though this stack made one. Restore it, or give the stack up with `make down`.",
                );
            }
            await listenOnLoopback({
                port: access.localPort,
                portSetting: `${setting}.localPort`,
                dial: dialService(context, service),
                onFailure: (error) => {
                    lastFailure = error.message;
                },
            }).catch((error: unknown) => {
                throw new pulumi.RunError(`Tunnel to ${server}: ${messageOf(error)}`);
            });
        }
        try {
            await untilAnswered(
                async () => {
                    if (statefulSet !== undefined) {
                        await requireRolledOut(context, { ...service, name: statefulSet });
                    }
                    await probe(this.host, this.port);
                },
                { timeout, interval: PROBE_INTERVAL },
            );
        } catch (error) {
            throw new pulumi.RunError(
                `${server} did not answer on ${this.host}:${this.port} within ${timeout} s ` +
                    `(${lastFailure || messageOf(error)}). Nothing that it holds was touched. ` +
                    (access.mode === "tunnel"
                        ? `Look at \`kubectl --context ${context} --namespace ${service.namespace} get pods\`, `
                        : "Look whether this machine may reach it, ") +
                    `or change ${setting}.`,
            );
        }
    }
}

function messageOf(error: unknown): string {
    if (!(error instanceof Error)) {
        return String(error);
    }
    // fetch wraps the reason that matters ("connect ECONNREFUSED ...") as a cause.
    return error.cause instanceof Error ? error.cause.message : error.message;
}
