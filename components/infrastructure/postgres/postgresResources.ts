import * as postgresql from "@pulumi/postgresql";
import type * as pulumi from "@pulumi/pulumi";
import { postgresClient, postgresProbe } from "../../access/protocolProbes";
import { Tunnel, type Access } from "../../access/tunnel";
import { generatedLogin } from "../../core/data/credentials";
import { ownedName } from "../../core/data/ownedName";
import { TakeoverGuard } from "../../core/data/takeoverGuard";
import { fromSecret, plain, type EnvironmentVariable } from "../../core/pod/environment";
import { fileFromSecret } from "../../core/pod/secretFiles";
import type { Connection, Server } from "../../core/links";
import type { Platform } from "../../core/platform";
import { roleSecretName } from "./roleSecret";

/**
 * What the provider assumes before it reaches a server, which a preview cannot; then it asks the server. That of release 0.1.0,
 * since another one would be an update of every stack.
 */
const EXPECTED_VERSION = "15.0.0";

const DATABASE = "postgresql:index/database:Database";
const ROLE = "postgresql:index/role:Role";

/** Asks whether a name is taken, by the type of what would have it. */
const EXISTS = {
    [DATABASE]: "SELECT FROM pg_database WHERE datname = $1",
    [ROLE]: "SELECT FROM pg_roles WHERE rolname = $1",
};

/** A running PostgreSQL server. Plain data, so that one stack can pass it to another. */
export interface PostgresServer extends Server {
    /** Host name as pods reach it. */
    readonly host: string;
    readonly port: number;
    /** Role that makes roles and databases. */
    readonly user: string;
    /** Whether it is a superuser; managed servers give none away. */
    readonly superuser: boolean;
    /** Secret of the namespace with the key `password` of that role. */
    readonly passwordSecretName: string;
    /** `require` encrypts and, as libpq means it, does not ask who the server is. */
    readonly sslMode: "disable" | "require";
    /** Secret with `ca.crt`, with which pods check who the server is; undefined where nothing says it. */
    readonly caSecret: string | undefined;
}

export interface PostgresResourcesArgs {
    readonly platform: Platform;
    /** Component that the resources belong to. */
    readonly parent: pulumi.Resource;
    readonly server: PostgresServer;
    readonly password: pulumi.Output<string>;
    /** How the provider on this machine reaches the server. */
    readonly access: Access;
    /** Must exist before the server can answer; empty for one that this stack did not make. */
    readonly requires: readonly pulumi.Resource[];
    /** StatefulSet whose rollout must be over before the server is asked. */
    readonly statefulSet?: string;
    /** Takes the content with it when it is deleted; undefined for a server that outlives this stack. */
    readonly deletedWith: pulumi.Resource | undefined;
}

/** Roles and databases in a PostgreSQL server, whoever runs it. */
export class PostgresResources {
    public readonly server: PostgresServer;
    private readonly options: pulumi.CustomResourceOptions;
    private readonly takeover: TakeoverGuard;

    /** @param name of the provider, and of what the content's Secrets are labelled with. */
    public constructor(
        private readonly name: string,
        private readonly args: PostgresResourcesArgs,
    ) {
        this.server = args.server;
        const tunnel = this.tunnel();
        this.takeover = new TakeoverGuard(name, {
            server: "PostgreSQL",
            exists: (type, inputs) => this.exists(tunnel, type as keyof typeof EXISTS, String(inputs.name)),
            advice: {
                [DATABASE]: "choose another name with flts:postgres.external.database",
                [ROLE]: "give this stack an flts:identifier of its own",
            },
        });
        this.options = {
            parent: args.parent,
            provider: this.provider(tunnel),
            ...(args.deletedWith === undefined ? {} : { deletedWith: args.deletedWith }),
        };
    }

    /**
     * Makes a database that a service's role owns, and gives what the service needs to use it.
     *
     * The role owns the database and needs no grants; grants are what goes wrong with this provider. The role's name
     * says whose it is. The database's does not: it stays what it was when the stack was deployed first.
     *
     * @param service that uses the database.
     * @param name of the database.
     */
    public database(service: string, name: string): Connection {
        const { host, port } = this.server;
        const { role, secret, connection } = this.login(service, []);
        const guard = this.args.platform.guard.options;
        const database = new postgresql.Database(
            service,
            { name, owner: role.name, encoding: "UTF8", lcCollate: "C.UTF-8", lcCtype: "C.UTF-8" },
            { ...this.options, ...guard, hooks: this.takeover.hooks(guard) },
        );
        return {
            ...connection,
            environment: [
                ...plain({ PGHOST: host, PGPORT: port, PGDATABASE: name }),
                ...encryption(this.server),
                ...fromSecret(secret, { PGUSER: "username", PGPASSWORD: "password" }),
            ],
            requires: [...connection.requires, database],
        };
    }

    /** Makes a role that sees the server's statistics and no data, for an exporter of metrics. */
    public statistics(service: string): Connection {
        const { host, port, sslMode } = this.server;
        const { role, secret, connection } = this.login(service, ["pg_monitor"]);
        return {
            ...connection,
            environment: [
                ...plain({ DATA_SOURCE_URI: `${host}:${port}/postgres?sslmode=${sslMode}` }),
                ...fromSecret(secret, { DATA_SOURCE_USER: "username", DATA_SOURCE_PASS: "password" }),
            ],
            requires: [...connection.requires, role],
        };
    }

    /** A role that may log in, the name of the Secret with its password, and the way to the server. */
    private login(
        service: string,
        roles: string[],
    ): { role: postgresql.Role; secret: string; connection: Connection } {
        const secretName = roleSecretName(service);
        const { platform, parent } = this.args;
        const name = ownedName(platform, service);
        const { password, secret } = generatedLogin(secretName, this.name, platform, parent, (generated) => ({
            username: name,
            password: generated,
        }));
        const role = new postgresql.Role(
            service,
            {
                name,
                login: true,
                // Said, so that an administrator who is not a superuser may make it.
                superuser: false,
                createDatabase: false,
                createRole: false,
                password,
                ...(roles.length === 0 ? {} : { roles }),
            },
            { ...this.options, hooks: this.takeover.hooks(), additionalSecretOutputs: ["password"] },
        );
        const { server, serverLabels, ports } = this.server;
        const connection = { server, serverLabels, ports, environment: [], requires: [secret] };
        return { role, secret: secretName, connection };
    }

    /** Whether the server has what is about to be created. */
    private exists(tunnel: Tunnel, type: keyof typeof EXISTS, name: string): Promise<boolean> {
        return tunnel.ask(async (host, port, login) => {
            const client = postgresClient(host, port, login, this.server.sslMode);
            client.on("error", () => undefined);
            await client.connect();
            try {
                const { rowCount } = await client.query(EXISTS[type], [name]);
                return rowCount === 1;
            } finally {
                // Not awaited: the answer is there, and a tunnel passes the server's close on late.
                client.end().catch(() => undefined);
            }
        });
    }

    private tunnel(): Tunnel {
        const { platform, parent, server, access, requires, statefulSet } = this.args;
        return new Tunnel(
            this.name,
            {
                access,
                setting: "flts:postgres.access",
                server: "PostgreSQL",
                platform,
                host: server.host,
                probe: postgresProbe(server.sslMode),
                user: server.user,
                passwordFrom: `the password in the Secret ${server.passwordSecretName}`,
                ...(statefulSet === undefined ? {} : { statefulSet }),
                requires,
            },
            { parent },
        );
    }

    private provider(tunnel: Tunnel): postgresql.Provider {
        const { parent, server, password } = this.args;
        return new postgresql.Provider(
            this.name,
            {
                host: tunnel.host,
                port: tunnel.port,
                username: server.user,
                ...(server.superuser ? {} : { superuser: false }),
                password: tunnel.gate(password),
                // The tunnel is encrypted by the Kubernetes API, whatever the server does.
                sslmode: server.sslMode,
                expectedVersion: EXPECTED_VERSION,
                connectTimeout: 15,
            },
            { parent },
        );
    }
}

/** libpq asks for encryption and continues without it by default. */
function encryption({ sslMode, caSecret }: PostgresServer): EnvironmentVariable[] {
    return caSecret === undefined
        ? plain({ PGSSLMODE: sslMode === "disable" ? undefined : sslMode })
        : [...plain({ PGSSLMODE: "verify-full" }), ...fileFromSecret(caSecret, { PGSSLROOTCERT: "ca.crt" })];
}
