import * as pulumi from "@pulumi/pulumi";
import { componentOptions } from "../../core/componentOptions";
import type { Access } from "../../access/tunnel";
import { existingSecret, existingSecretValue } from "../../core/data/credentials";
import type { Platform } from "../../core/platform";
import { PostgresResources, type PostgresServer } from "./postgresResources";

export interface ExistingPostgresArgs {
    readonly platform: Platform;
    readonly server: PostgresServer;
    readonly access: Access;
}

/** A PostgreSQL server that this stack did not make: another stack's, or an external one. See `postgres.md`. */
export class ExistingPostgres extends pulumi.ComponentResource {
    /** What this stack has in the server, and the way to it. */
    public readonly content: PostgresResources;

    public constructor(name: string, args: ExistingPostgresArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flts:infrastructure:ExistingPostgres", name, {}, componentOptions(args.platform, opts));
        const { platform, server } = args;
        const secret = existingSecret(platform, server.passwordSecretName, { parent: this });
        this.content = new PostgresResources(name, {
            ...args,
            parent: this,
            password: existingSecretValue(secret, "password"),
            requires: [],
            deletedWith: undefined,
        });
        this.registerOutputs({ endpoint: `${server.host}:${server.port}` });
    }
}
