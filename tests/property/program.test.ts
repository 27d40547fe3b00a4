import assert from "node:assert/strict";
import { deployedData } from "../../components/access/deployedData";
import type { DataVolumes } from "../../components/core/data/dataLayout";
import { dataChanges } from "../../components/core/data/dataChanges";
import { declaredData } from "../../stacks/platform/declaredData";
import { forAnySettings, RUNS, SEED } from "../support/anyDeployment";
import { deployedObjects } from "../support/deployedObjects";
import { GENERATED_SECRET, type Recorded } from "../support/mocks";
import { containers, ofType, workloads } from "../support/objects";

interface Metadata {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
}

/** Tiers that ask the Kubernetes API. */
const ASK_API = ["kube-state-metrics", "log-collector", "prometheus"];

describe(`for any settings (${RUNS} tried, FLTS_PROPERTY_SEED=${SEED})`, function () {
    this.timeout(RUNS * 20_000);

    // Promise: pod-security-standards
    it("every pod passes the Pod Security Standard restricted, without a token unless it asks the Kubernetes API", async () => {
        await forAnySettings((resources, { cluster }) => {
            for (const workload of workloads(resources)) {
                const { spec } = workload.template;
                assert.equal(
                    spec.automountServiceAccountToken,
                    ASK_API.includes(workload.name),
                    workload.name,
                );
                assert.equal(spec.enableServiceLinks, false, workload.name);
                assert.equal(spec.securityContext.runAsNonRoot, true, workload.name);
                assert.equal(spec.securityContext.runAsUser > 0, cluster.users === "fixed", workload.name);
                assert.equal(spec.securityContext.seccompProfile.type, "RuntimeDefault", workload.name);
                assert.doesNotMatch(JSON.stringify(spec), /hostNetwork|hostPID|hostIPC/, workload.name);
                // The one exception, in a namespace of its own: the collector reads the logs of its node.
                const seen = workload.name === "log-collector" ? ["/var/log"] : [];
                const paths = spec.volumes.flatMap((each) =>
                    "hostPath" in each ? [each.hostPath.path] : [],
                );
                assert.deepEqual(paths, seen, workload.name);
                for (const { securityContext } of containers(workload)) {
                    assert.deepEqual(securityContext, {
                        runAsNonRoot: true,
                        allowPrivilegeEscalation: false,
                        readOnlyRootFilesystem: true,
                        capabilities: { drop: ["ALL"] },
                    });
                }
            }
        });
    });

    // Promise: requests-limits-every-container
    it("every container has requests and limits, a command, and probes unless it ends by itself", async () => {
        await forAnySettings((resources) => {
            for (const workload of workloads(resources)) {
                for (const container of containers(workload)) {
                    const { requests, limits } = container.resources;
                    for (const amount of [requests.cpu, requests.memory, limits.cpu, limits.memory]) {
                        assert.match(amount ?? "", /^\d/, container.name);
                    }
                    assert.ok(container.command.length > 0, container.name);
                }
                if (!["Job", "CronJob"].includes(workload.kind)) {
                    for (const container of workload.template.spec.containers) {
                        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
                            assert.ok(container[probe].periodSeconds > 0, `${container.name} ${probe}`);
                        }
                    }
                }
            }
        });
    });

    // Promise: secrets-none-state-pods
    it("no secret is anywhere but in Secrets, users and providers", async () => {
        await forAnySettings((resources, _chosen, outputs) => {
            const allowed =
                /^(kubernetes:core\/v1:Secret|pulumi:providers:|minio:index\/iamUser:|postgresql:index\/role:)/;
            for (const { type, name, inputs } of resources) {
                assert.ok(
                    allowed.test(type) || !JSON.stringify(inputs).includes(GENERATED_SECRET),
                    `${type} ${name}`,
                );
            }
            assert.doesNotMatch(JSON.stringify(outputs), new RegExp(GENERATED_SECRET));
        });
    });

    // Promise: data-go-only-when
    it("whatever holds data carries the data-loss guard", async () => {
        const holdsData = /:(Namespace|PersistentVolumeClaim|PersistentVolume|S3Bucket|Database)$/;
        await forAnySettings((resources) => {
            for (const { type, name, inputs, deleteHooks } of resources) {
                const claims = (inputs.spec as { volumeClaimTemplates?: unknown } | undefined)
                    ?.volumeClaimTemplates;
                const persistence = (inputs.values as { persistence?: { enabled?: boolean } } | undefined)
                    ?.persistence;
                const holds =
                    (holdsData.test(type) && !type.startsWith("flts:") && !name.endsWith("-log-collector")) ||
                    claims !== undefined ||
                    persistence?.enabled === true;
                assert.equal(deleteHooks.length > 0, holds, `${type} ${name}`);
            }
        });
    });

    // Promise: nothing-existed-before-changed
    it("no object is taken over that existed before: the ownership guard sees each that is created outside a new namespace", async () => {
        await forAnySettings((resources, { namespace }) => {
            for (const { type, name, inputs, createHooks } of resources) {
                const metadata = inputs.metadata as Metadata | undefined;
                // Reads and patches create nothing; Helm itself refuses names that are taken.
                const creates =
                    type.startsWith("kubernetes:") &&
                    metadata !== undefined &&
                    !type.endsWith("Patch") &&
                    !(type === "kubernetes:core/v1:Secret" && inputs.stringData === undefined);
                // Policies of a namespace that the stack creates with them.
                const fresh = /(^|-)(deny-all|allow-dns)$/.test(name) && metadata?.labels === undefined;
                if (creates && !fresh) {
                    assert.equal(createHooks.length, 1, `${type} ${name}`);
                }
                if (!namespace.create) {
                    assert.notEqual(`${type} ${name}`, `kubernetes:core/v1:Namespace ${namespace.name}`);
                    assert.ok(
                        !type.endsWith("Patch") || metadata?.namespace !== namespace.name,
                        `${type} ${name} changes the namespace`,
                    );
                }
            }
        });
    });

    // Promise: data-go-only-when
    it("the data-loss guard knows every volume, its size and its class, and sees no danger in the same settings", async () => {
        await forAnySettings((resources, chosen) => {
            const deployed = deployedData(deployedObjects(resources), "test");
            const declared = declaredData(chosen);
            assert.deepEqual(dataChanges(deployed, declared, []), []);
            const shape = ({ name, claimedBy, pods, volumesPerPod, size }: DataVolumes) => ({
                name,
                claimedBy,
                pods,
                volumesPerPod,
                size,
            });
            const byName = (one: { name: string }, other: { name: string }): number =>
                one.name < other.name ? -1 : 1;
            assert.deepEqual(
                deployed.volumes.map(shape).sort(byName),
                declared.volumes.map(shape).sort(byName),
            );
            assert.equal(deployed.identifier, declared.identifier);
        });
    });

    it("names are legal and unique", async () => {
        await forAnySettings((resources) => {
            const seen = new Set<string>();
            for (const { type, inputs } of resources) {
                const { name, namespace, labels } = (inputs.metadata ?? {}) as Metadata;
                for (const value of Object.values(labels ?? {})) {
                    assert.match(value, /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/);
                }
                // Each stack has these in a namespace that existed before, and stacks cut in two have one name here.
                if (name !== undefined && !/^test-(deny-all|allow-dns|login)$/.test(name)) {
                    assert.match(name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
                    const place = `${type} ${namespace ?? ""}/${name}`;
                    assert.ok(!seen.has(place), `${place} twice`);
                    seen.add(place);
                }
            }
        });
    });

    // Promise: registry-all-images
    it("no image escapes the registry", async () => {
        await forAnySettings((resources, { imageRegistry }) => {
            if (imageRegistry === undefined) {
                return;
            }
            for (const workload of workloads(resources)) {
                for (const { image } of containers(workload)) {
                    assert.ok(image.startsWith(`${imageRegistry}/`), image);
                }
            }
            for (const { inputs } of ofType(resources, "kubernetes:helm.sh/v3:Release")) {
                const { image } = inputs.values as { image: { repository: string } };
                assert.ok(image.repository.startsWith(`${imageRegistry}/`), image.repository);
            }
        });
    });

    // Promise: several-replicas-spread-over
    it("several replicas have a disruption budget and are spread over nodes", async () => {
        await forAnySettings((resources) => {
            const named = (type: string): Recorded[] => ofType(resources, `kubernetes:${type}`);
            const budgets = new Set(named("policy/v1:PodDisruptionBudget").map(({ name }) => name));
            const most = new Map(
                named("autoscaling/v2:HorizontalPodAutoscaler").map(({ name, inputs }) => [
                    name,
                    (inputs.spec as { maxReplicas: number }).maxReplicas,
                ]),
            );
            for (const { type, name, inputs } of resources) {
                if (/:(Deployment|StatefulSet)$/.test(type)) {
                    const spec = inputs.spec as { replicas?: number; template: { spec: object } };
                    // One owner of the number: the settings or the autoscaler.
                    assert.notEqual(spec.replicas === undefined, most.get(name) === undefined, name);
                    const several = (spec.replicas ?? most.get(name) ?? 0) > 1;
                    assert.equal(budgets.has(name), several, name);
                    if (several) {
                        assert.ok("topologySpreadConstraints" in spec.template.spec, name);
                        assert.ok("affinity" in spec.template.spec, name);
                    }
                }
            }
        });
    });
});
