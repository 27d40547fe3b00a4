import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "../core/platform";
import { connectionReason } from "./connectionReason";
import type { Login } from "./login";
import { LOOPBACK, listenOnLoopback } from "./loopbackListener";
import { dialService, portForwardRequests, type ServiceAddress } from "./portForward";
import type { ProtocolProbe } from "./protocolProbes";
import { requireRolledOut } from "./rollout";
import { isMissing, serviceOf } from "./service";
import { Refusal, untilAnswered } from "./untilAnswered";

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
    readonly platform: Pick<Platform, "context" | "namespaceName" | "requests">;
    /** Host of the server as pods reach it: its Service, with or without a namespace and the cluster's domain. */
    readonly host: string;
    readonly probe: ProtocolProbe;
    /** Who the provider signs in as; the probe does so before it. */
    readonly user: pulumi.Input<string>;
    /** Where the user's password comes from, for messages. */
    readonly passwordFrom: string;
    /** Must exist before the server can answer: its Service, and what runs it. */
    readonly requires: readonly pulumi.Resource[];
    /** StatefulSet of the server, whose rollout must be over before the server is asked. */
    readonly statefulSet?: string;
}

const PROBE_INTERVAL = 500;

/** Seconds for which a refused login is retried: after a password change the server may still be starting. */
const REFUSAL_PATIENCE = 10;

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
    private readonly service: ServiceAddress;
    private open: Promise<Login> | undefined;

    public constructor(name: string, args: TunnelArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:access:Tunnel", name, {}, opts);
        this.args = args;
        const { namespaceName: namespace, requests } = args.platform;
        this.service = serviceOf(args.host, namespace) ?? { namespace, name: args.host };
        this.host = args.access.mode === "tunnel" ? LOOPBACK : args.access.host;
        this.port = args.access.mode === "tunnel" ? args.access.localPort : args.access.port;
        if (args.access.mode === "tunnel") {
            requests.add(...portForwardRequests(this.service.namespace));
        }
        // `make doctor` reads them from the state, to reach the server without running the program.
        this.registerOutputs({
            mode: args.access.mode,
            host: this.host,
            port: this.port,
            ...(args.access.mode === "tunnel" ? { service: { ...this.service } } : {}),
        });
    }

    /**
     * The same password, but not before the server has accepted it.
     *
     * Passing a provider's password through here delays that provider, and so everything it manages, until the
     * server can be used; and it fails the run before `@pulumi/minio`, which takes any error for "bucket does not
     * exist", has a chance to ask. In a preview the value is passed on at once and nothing is connected.
     */
    public gate(password: pulumi.Input<string>): pulumi.Output<string> {
        if (pulumi.runtime.isDryRun()) {
            return pulumi.output(password);
        }
        const created = pulumi.all(this.args.requires.map((resource) => resource.urn));
        return pulumi.all([password, this.args.user, created]).apply(async ([unwrapped, user]) => {
            const login = { user, password: unwrapped };
            this.open ??= this.connect(login).then(() => login);
            await this.open;
            return unwrapped;
        });
    }

    /**
     * What a request to the server answers; for hooks of resources, which run after the gate has opened.
     *
     * The request is repeated while it fails, as long as the server may take to answer: servers that have just started
     * together still refuse or delay requests after they have accepted a login.
     */
    public async ask<Answer>(
        request: (host: string, port: number, login: Login) => Promise<Answer>,
    ): Promise<Answer> {
        const login = await (this.open ??
            Promise.reject(new Error(`the tunnel to ${this.args.server} is not open yet`)));
        try {
            return await this.untilAnswered(() => request(this.host, this.port, login));
        } catch (error) {
            throw error instanceof Refusal ? error : this.unanswered(connectionReason(error));
        }
    }

    private async connect(login: Login): Promise<void> {
        const { access, server, setting, probe, statefulSet } = this.args;
        const { context } = this.args.platform;
        const { service } = this;
        let lastFailure = "";
        if (access.mode === "tunnel") {
            // What is required was made by now: waiting does not bring back what someone deleted since.
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
                throw new pulumi.RunError(`Tunnel to ${server}: ${connectionReason(error)}`);
            });
        }
        try {
            await this.untilAnswered(async () => {
                if (statefulSet !== undefined) {
                    await requireRolledOut(context, { ...service, name: statefulSet });
                }
                await probe(this.host, this.port, login);
            });
        } catch (error) {
            if (error instanceof Refusal) {
                throw new pulumi.RunError(
                    `${server} on ${this.host}:${this.port} cannot be used: ${error.message}. ` +
                        `Nothing that it holds was touched. Correct ${this.args.passwordFrom}, or change ${setting}.`,
                );
            }
            throw this.unanswered(lastFailure || connectionReason(error));
        }
    }

    private untilAnswered<Answer>(request: () => Promise<Answer>): Promise<Answer> {
        return untilAnswered(request, {
            timeout: this.args.access.timeoutSeconds,
            interval: PROBE_INTERVAL,
            patience: REFUSAL_PATIENCE,
        });
    }

    private unanswered(reason: string): pulumi.RunError {
        const { access, server, setting } = this.args;
        const { context } = this.args.platform;
        return new pulumi.RunError(
            `${server} did not answer on ${this.host}:${this.port} within ${access.timeoutSeconds} s ` +
                `(${reason}). Nothing that it holds was touched. ` +
                (access.mode === "tunnel"
                    ? `Look at \`kubectl --context ${context} --namespace ${this.service.namespace} get pods\`, `
                    : "Look whether this machine may reach it, ") +
                `or change ${setting}.`,
        );
    }
}
