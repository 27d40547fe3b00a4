import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { serviceOf } from "../../components/access/service";
import { DATA_SECRET } from "../../components/contract";
import { fail } from "../../toolchain/console/index";
import { toolPath } from "../../toolchain/tools/paths";
import type { DeployedStack } from "../stack/deployedStack";
import { DatasetStore } from "./store";

/** Where a server is reached, for as long as it is needed. */
interface Way {
    readonly host: string;
    readonly port: number;
    close(): void;
}

/**
 * Gives `use` the stack's bucket for data: through a port-forward where its store is a Service of the cluster, else at
 * the store's own address.
 */
export async function withDataset(
    { workspace, namespace, kubectl }: DeployedStack,
    context: string,
    use: (store: DatasetStore) => Promise<void>,
): Promise<void> {
    const found = await kubectl("get", "secret", DATA_SECRET, "--ignore-not-found", "--output", "json");
    if (found.trim() === "") {
        fail(
            `namespace ${namespace} has no Secret ${DATA_SECRET}: the stack has no pipeline (flts:layers), or is of a ` +
                "version before 0.2.0. Name another with STACK=, or update it with `make up`.",
        );
    }
    const { data } = JSON.parse(found) as { readonly data: Readonly<Record<string, string>> };
    const value = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString("utf8");
    const endpoint = new URL(value("endpoint"));
    const secure = endpoint.protocol === "https:";
    const port = endpoint.port === "" ? (secure ? 443 : 80) : Number(endpoint.port);
    const service = serviceOf(endpoint.hostname, namespace);
    const way =
        service === undefined
            ? { host: endpoint.hostname, port, close: () => undefined }
            : await forward(workspace.environment, context, service, port);
    try {
        await use(
            new DatasetStore({
                host: way.host,
                port: way.port,
                secure,
                region: value("region"),
                bucket: value("bucket"),
                prefix: value("prefix"),
                accessKey: value("accessKey"),
                secretKey: value("secretKey"),
                virtual: value("addressing") === "virtual",
                authorities: data["ca.crt"] === undefined ? undefined : value("ca.crt"),
            }),
        );
    } finally {
        way.close();
    }
}

/**
 * A port of this machine that leads to a Service of the cluster. By kubectl, because the client library that the
 * program's tunnel uses would take more memory than an upload may.
 */
async function forward(
    environment: NodeJS.ProcessEnv,
    context: string,
    service: { readonly namespace: string; readonly name: string },
    port: number,
): Promise<Way> {
    const target = ["--context", context, "--namespace", service.namespace];
    // In a group of its own: Ctrl-C is the upload's, which still has to remove what it sent.
    const child = spawn(
        toolPath("kubectl"),
        [...target, "port-forward", "--address", "127.0.0.1", `service/${service.name}`, `:${port}`],
        { env: environment, stdio: ["ignore", "pipe", "pipe"], detached: true },
    );
    const close = (): void => {
        child.kill();
    };
    process.once("exit", close);
    const errors = text(child.stderr);
    for await (const line of createInterface({ input: child.stdout })) {
        const [, local] = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        if (local !== undefined) {
            // What is printed later, one line a connection, must not fill the pipe.
            child.stdout.resume();
            return { host: "127.0.0.1", port: Number(local), close };
        }
    }
    fail(
        `Service ${service.namespace}/${service.name} cannot be reached by a port-forward: ${(await errors).trim()}`,
    );
}
