import assert from "node:assert/strict";
import { OwnershipGuard, refuseExisting } from "../../components/core/ownershipGuard";
import { namespaceFindings } from "../../stacks/preflight/objects";

const OWN = { "app.kubernetes.io/instance": "prod", "app.kubernetes.io/managed-by": "pulumi" };
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "flts" } };
const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kafka", namespace: "flts" } };

/** What the cluster has, by kind and name. */
function guard(objects: Readonly<Record<string, Record<string, string>>>): OwnershipGuard {
    return new OwnershipGuard("prod", ({ kind, metadata }) =>
        Promise.resolve(objects[`${kind} ${metadata.namespace ?? ""}/${metadata.name}`]),
    );
}

describe("a namespace that the stack is to create", () => {
    it("an existing namespace that the stack would create is refused by name, with the setting that uses it as it is", async () => {
        for (const labels of [{}, { team: "x" }, OWN]) {
            await assert.rejects(
                guard({ "Namespace /flts": labels }).check(namespace),
                /namespace "flts" exists already.*flts:namespace\.create false/s,
            );
        }
    });

    it("a namespace that does not exist is created", async () => {
        await guard({}).check(namespace);
    });
});

describe("an object that the stack is to create", () => {
    it("an existing object of another owner is refused by kind, name and namespace", async () => {
        for (const labels of [
            {},
            { ...OWN, "app.kubernetes.io/instance": "dev" },
            { "app.kubernetes.io/instance": "prod" },
        ]) {
            await assert.rejects(
                guard({ "ConfigMap flts/kafka": labels }).check(map),
                /ConfigMap "kafka" exists already in the namespace flts/,
            );
        }
    });

    it("an existing object without a namespace is refused too", () => {
        const role = {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: { name: "flts-prometheus" },
        };
        assert.throws(() => {
            refuseExisting(role, { "app.kubernetes.io/instance": "dev" }, "prod");
        }, /ClusterRole "flts-prometheus" exists already, made by dev/);
    });

    it("an object that an interrupted update of the same stack created is accepted", async () => {
        await guard({ "ConfigMap flts/kafka": OWN }).check(map);
    });

    it("objects are not looked up in a namespace that does not exist yet", async () => {
        const failing = new OwnershipGuard("prod", () => Promise.reject(new Error("asked")));
        await failing.check({ length: 32 });
        await failing.check(undefined);
        await failing.check({ ...map, metadata: { name: "kafka", namespace: Symbol("unknown") } });
    });
});

describe("a namespace that existed before", () => {
    it("a namespace that should exist but does not is refused", () => {
        const [finding] = namespaceFindings("team", undefined);
        assert.equal(finding?.level, "error");
        assert.match(
            finding.message,
            /flts:namespace\.create = false: the cluster has no namespace "team".*kubectl create namespace team/,
        );
    });

    it("a namespace that does not enforce restricted is reported, and not changed", () => {
        const finding = (labels: Record<string, string>) => namespaceFindings("team", labels)[0];
        assert.equal(finding({ "pod-security.kubernetes.io/enforce": "restricted" }), undefined);
        assert.equal(finding({})?.level, "warning");
        assert.match(finding({})?.message ?? "", /holds pods to no Pod Security Standard/);
        assert.match(
            finding({ "pod-security.kubernetes.io/enforce": "baseline" })?.message ?? "",
            /admits pods of the Pod Security Standard baseline/,
        );
    });
});
