import assert from "node:assert/strict";
import { kubectl, kubectlGet } from "../support/commands";
import { EngineStack } from "../support/engine";
import { deployStack } from "../support/stack";

const namespace = "flts";

/** Shorter values (a user's name, a host) are not secrets and would be found everywhere. */
const SHORTEST_SECRET = 16;

interface Secrets {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly type: string;
        readonly data?: Readonly<Record<string, string>>;
    }[];
}

interface ContainerStatus {
    readonly name: string;
    readonly state: { readonly waiting?: object };
}

interface Pods {
    readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly status: {
            readonly initContainerStatuses?: readonly ContainerStatus[];
            readonly containerStatuses?: readonly ContainerStatus[];
        };
    }[];
}

/** Every generated value that protects something, with the Secret and key it stands under. */
async function secretValues(): Promise<Map<string, string>> {
    const secrets = await kubectlGet<Secrets>("secrets", "--namespace", namespace);
    const values = new Map<string, string>();
    for (const secret of secrets.items.filter((item) => item.type === "Opaque")) {
        for (const [key, encoded] of Object.entries(secret.data ?? {})) {
            const value = Buffer.from(encoded, "base64").toString();
            if (value.length >= SHORTEST_SECRET && /password|secret|authorization/i.test(key)) {
                values.set(`${secret.metadata.name}/${key}`, value);
            }
        }
    }
    return values;
}

describe("the real secret values of a running stack", function () {
    this.timeout(20 * 60_000);

    let values: Map<string, string>;

    before(async () => {
        await deployStack();
        values = await secretValues();
        assert.ok(values.size >= 7, `only these were found: ${[...values.keys()].join(", ")}`);
    });

    function assertAbsent(text: string, place: string): void {
        assert.ok(text.length > 0, `${place} is empty, so nothing was looked at`);
        const found = [...values].filter(([, value]) => text.includes(value)).map(([name]) => name);
        assert.deepEqual(found, [], `in clear in ${place}`);
    }

    // Promise: secrets-none-state-pods
    it("no secret is in the exported state", async () => {
        assertAbsent(await new EngineStack().exported(), "pulumi stack export");
    });

    // Promise: secrets-none-state-pods
    it("no secret is in a pod, workload, ConfigMap or Helm value", async () => {
        for (const kind of ["pods", "deployments", "statefulsets", "jobs", "configmaps"]) {
            assertAbsent(await kubectl("get", kind, "--namespace", namespace, "--output", "yaml"), kind);
        }
    });

    it("no secret is in a log", async () => {
        const pods = await kubectlGet<Pods>("pods", "--namespace", namespace);
        for (const { metadata, status } of pods.items) {
            const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
            // One that waits behind a step that failed has no log, and never will.
            for (const { name } of statuses.filter(({ state }) => state.waiting === undefined)) {
                const log = await kubectl(
                    "logs",
                    metadata.name,
                    "--namespace",
                    namespace,
                    "--container",
                    name,
                );
                assertAbsent(`${metadata.name}\n${log}`, `the log of ${name} in ${metadata.name}`);
            }
        }
    });
});
