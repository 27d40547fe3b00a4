import type { Server } from "node:net";
import { listenOnLoopback } from "../../components/access/loopbackListener";
import type { Login } from "../../components/access/login";
import { MinioClient } from "../../components/access/minioClient";
import { connectionReason } from "../../components/access/connectionReason";
import { dialService, type ServiceAddress } from "../../components/access/portForward";
import { objectStoreProbe, postgresProbe, type SslMode } from "../../components/access/protocolProbes";
import { untilAnswered } from "../../components/access/untilAnswered";
import { fail } from "../../toolchain/console/index";
import { nameOf, unwrapped, type StoredResource } from "./state";

/** Seconds that a server may take to answer; it should have been running for long. */
const PATIENCE = 10;

/** A server that a stack has something in, as its provider reaches it. */
export interface ServerAddress {
    readonly server: "MinIO" | "PostgreSQL";
    readonly host: string;
    readonly port: number;
    /** The Service that a tunnel leads to; undefined where this machine reaches the server by itself. */
    readonly service: ServiceAddress | undefined;
    readonly login: Login;
    readonly secure: boolean;
    readonly sslMode: SslMode;
}

const PROVIDERS = {
    "pulumi:providers:minio": "MinIO",
    "pulumi:providers:postgresql": "PostgreSQL",
} as const;

/** The servers of a stack, by its providers and tunnels. */
export function serversOf(state: readonly StoredResource[]): readonly ServerAddress[] {
    return state.flatMap((resource) => {
        const server = PROVIDERS[resource.type as keyof typeof PROVIDERS] as
            ServerAddress["server"] | undefined;
        if (server === undefined) {
            return [];
        }
        const inputs = unwrapped(resource.inputs ?? {}) as Record<string, string | undefined>;
        const tunnel = state.find(
            ({ type, urn }) => type === "flts:access:Tunnel" && nameOf(urn) === nameOf(resource.urn),
        );
        const { mode, host, port, service } = (tunnel?.outputs ?? {}) as {
            mode?: string;
            host?: string;
            port?: number;
            service?: ServiceAddress;
        };
        if (mode === undefined || host === undefined || port === undefined) {
            fail(`the state does not say how ${server} is reached: run \`make up\` once with this version.`);
        }
        const [user, password] =
            server === "MinIO"
                ? [inputs.minioUser, inputs.minioPassword]
                : [inputs.username, inputs.password];
        if (user === undefined || password === undefined) {
            fail(`the state has no login of ${server}'s provider: run \`make up\` once with this version.`);
        }
        return [
            {
                server,
                host,
                port,
                service: mode === "tunnel" ? service : undefined,
                login: { user, password },
                secure: String(inputs.minioSsl) === "true",
                sslMode: inputs.sslmode === "require" ? ("require" as const) : ("disable" as const),
            },
        ];
    });
}

/**
 * The ways to the servers, which are open only while something on this machine uses them: an update of the stack opens
 * its own, on the same ports.
 */
export class Reach {
    private readonly listeners: Server[] = [];

    /** @param context kubeconfig context of the cluster, for tunnels. */
    public constructor(
        readonly servers: readonly ServerAddress[],
        private readonly context: string,
    ) {}

    /** Does something with the servers; fails first when one is unavailable or refuses the login. */
    public async during<Result>(work: () => Promise<Result>): Promise<Result> {
        try {
            for (const address of this.servers) {
                await this.open(address);
            }
            return await work();
        } finally {
            for (const listener of this.listeners.splice(0)) {
                listener.close();
            }
        }
    }

    /** A client of the object store, with the root's login or another one. */
    public objectStore(login?: Login): MinioClient | undefined {
        const address = this.servers.find(({ server }) => server === "MinIO");
        return address && new MinioClient(address, login ?? address.login);
    }

    private async open(address: ServerAddress): Promise<void> {
        const { server, host, port, service, login, secure, sslMode } = address;
        let lastFailure = "";
        try {
            if (service !== undefined) {
                const onFailure = ({ message }: Error): void => {
                    lastFailure = message;
                };
                const dial = dialService(this.context, service);
                const portSetting = `flts:${server === "MinIO" ? "objectStore" : "postgres"}.access.localPort`;
                this.listeners.push(await listenOnLoopback({ port, portSetting, dial, onFailure }));
            }
            const probe = server === "MinIO" ? objectStoreProbe(secure) : postgresProbe(sslMode);
            await untilAnswered(() => probe(host, port, login), {
                timeout: PATIENCE,
                interval: 500,
                patience: 2,
            });
        } catch (error) {
            const reason = lastFailure || connectionReason(error);
            fail(`${server} on ${host}:${port} cannot be used: ${reason}. Nothing was changed.`);
        }
    }
}
