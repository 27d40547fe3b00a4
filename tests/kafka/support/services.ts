import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess, type SpawnSyncReturns } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { KAFKA_USERS, topicDeclarations, type KafkaUser } from "../../../components/contract";
import { grantsOf } from "../../../components/infrastructure/kafka/kafkaUsers";
import { topicOwnership } from "../../../components/infrastructure/kafka/topicOwnership";
import { cacheDirectory } from "../../../toolchain/tools/paths";

const SERVICES = resolve(__dirname, "../../../services");
const IDENTIFIER = "city";

/** The interpreter of the services' tests, which `services/run-tests.sh` installs. */
export function python(): string {
    const key = createHash("sha256")
        .update(readFileSync(join(SERVICES, "requirements/test.txt")))
        .digest("hex")
        .slice(0, 16);
    return join(cacheDirectory(), "python-tests", key, "bin", "python");
}

export type Environment = Readonly<Record<string, string>>;

function start(environment: Environment, args: readonly string[]): SpawnSyncReturns<string> {
    return spawnSync(python(), args, {
        env: { PATH: process.env.PATH, PYTHONPATH: SERVICES, LOG_LEVEL: "INFO", ...environment },
        encoding: "utf8",
        timeout: 240_000,
    });
}

function run(environment: Environment, ...args: string[]): string {
    const { status, stdout, stderr } = start(environment, args);
    if (status !== 0) {
        throw new Error(`${args.join(" ")} ended with ${String(status)}:\n${stdout}${stderr}`);
    }
    return stdout;
}

/** Environment of a client that signs in with a password. */
export function signedIn(
    bootstrapServers: string,
    user: string,
    password: string,
    mechanism = "SCRAM-SHA-512",
): Environment {
    return {
        KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
        KAFKA_SECURITY_PROTOCOL: "SASL_PLAINTEXT",
        KAFKA_SASL_MECHANISM: mechanism,
        KAFKA_SASL_USERNAME: user,
        KAFKA_SASL_PASSWORD: password,
    };
}

/** Runs the Job that declares topics and, where passwords are given, users; returns its output. */
export function declare(
    directory: string,
    environment: Environment,
    replicas: number,
    passwordOf?: (user: KafkaUser) => string,
): string {
    const passwords = join(directory, "passwords");
    mkdirSync(passwords, { recursive: true });
    const topics = topicDeclarations({
        identifier: IDENTIFIER,
        replicationFactor: replicas,
        partitions: 2,
        retentionHours: 1,
        retentionBytes: 1 << 20,
    });
    const users = passwordOf === undefined ? [] : KAFKA_USERS;
    const declared = users.map((user) => {
        const passwordFile = join(passwords, user);
        writeFileSync(passwordFile, passwordOf?.(user) ?? "");
        return { name: user, passwordFile, grants: grantsOf(IDENTIFIER, user) };
    });
    writeFileSync(join(directory, "topics.json"), JSON.stringify(topics));
    writeFileSync(join(directory, "users.json"), JSON.stringify(declared));
    const files = ["topics.json", "users.json"].map((file) => join(directory, file));
    return run(environment, "-m", "flts.topics", ...files);
}

/** Runs the Job again where brokers admit nobody, with the files of {@link declare}; returns what it says. */
export function declareRefused(directory: string, environment: Environment): string {
    const { status, stdout, stderr } = start(environment, [
        "-m",
        "flts.topics",
        join(directory, "topics.json"),
    ]);
    assert.equal(status, 1, stdout + stderr);
    return stdout + stderr;
}

/** A stack beside others on the same brokers. */
export interface SharingStack {
    readonly identifier?: string;
    readonly stack?: string;
    readonly clusterIdentity?: string;
    readonly formerOwner?: string;
    readonly partitions?: number;
}

/** Runs the Job of a stack on external brokers; returns its status and what it says. */
export function declareBeside(
    directory: string,
    environment: Environment,
    {
        identifier = "",
        stack = "dev",
        clusterIdentity = "cluster-1",
        formerOwner,
        partitions = 2,
    }: SharingStack,
): { readonly status: number | null; readonly output: string } {
    const qualifiedName = `organization/flts/${stack}`;
    const platform = { identifier, qualifiedName, namespaceName: "flts", clusterIdentity };
    const topics = topicDeclarations({
        identifier,
        replicationFactor: 1,
        partitions,
        retentionHours: 1,
        retentionBytes: 1 << 20,
    });
    const ownership = topicOwnership(platform, { replicationFactor: 1, formerOwner });
    const files = Object.entries({ topics, users: [], ownership }).map(([name, content]) => {
        const file = join(directory, `beside-${name}.json`);
        writeFileSync(file, JSON.stringify(content));
        return file;
    });
    const { status, stdout, stderr } = start(environment, ["-m", "flts.topics", ...files]);
    return { status, output: stdout + stderr };
}

/** Joins a consumer group as a service does, and stays in it until the process is stopped. */
export async function stayInGroup(
    environment: Environment,
    topic: string,
    group: string,
): Promise<ChildProcess> {
    const child = spawn(python(), [join(__dirname, "client.py"), "stay", topic, group], {
        env: { PATH: process.env.PATH, PYTHONPATH: SERVICES, ...environment },
        stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((joined, failed) => {
        child.stdout.once("data", () => {
            joined();
        });
        child.once("exit", (code) => {
            failed(new Error(`the client ended with ${String(code)}`));
        });
    });
    return child;
}

/**
 * What a client reports that no broker admits. Its metadata may time out before it is refused again, so that a test must
 * show as well that the broker answers others.
 */
export const NOT_ADMITTED = /^_(SSL|TRANSPORT|TIMED_OUT|AUTHENTICATION)$/;

/** Sends, takes or follows one message as a service does; returns `sent`, what was taken, or Kafka's error. */
export function attempt(
    environment: Environment,
    action: "publish" | "take" | "follow",
    topic: string,
    group?: string,
): string {
    const named = [topic, group ?? "none"].map((name) => `${IDENTIFIER}.${name}`);
    return run(environment, join(__dirname, "client.py"), action, ...named).trim();
}
