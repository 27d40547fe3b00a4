import assert from "node:assert/strict";
import { chosenClass, retainingClass, type StorageClass } from "../../components/core/data/retainingClass";
import { sourceAmong } from "../../stacks/platform/volumes";
import { CLASSES, settings } from "../support/program";

const DEFAULT = { "storageclass.kubernetes.io/is-default-class": "true" };

function named(name: string, isDefault: boolean, year = 2024): StorageClass {
    return {
        metadata: {
            name,
            annotations: isDefault ? DEFAULT : {},
            creationTimestamp: new Date(`${year}-01-01`),
        },
        provisioner: `${name}.example`,
    };
}

describe("the class that volumes are like", () => {
    it("the class to copy is the named one, or the cluster's default, or the newest of several defaults", () => {
        const classes = [named("old", true, 2020), named("new", true, 2023), named("fast", false)];
        assert.equal(chosenClass(classes, "fast").metadata?.name, "fast");
        assert.equal(chosenClass(classes, undefined).metadata?.name, "new");
    });

    it("a missing class is refused, with the setting that fixes it and the classes that exist", () => {
        assert.throws(
            () => chosenClass([named("slow", false), named("fast", false)], undefined),
            /no default one; name one with flts:storageClass \(it has: fast, slow\)/,
        );
        assert.throws(
            () => chosenClass([named("slow", false)], "quick"),
            /^Error: flts:storageClass = "quick": the cluster has no such storage class; it has: slow\.$/,
        );
        assert.throws(() => chosenClass([], undefined), /it has: none/);
    });

    // Promise: volumes-stay-when-claims
    it("the class is copied completely, but keeps volumes and is not a default", () => {
        const source: StorageClass = {
            metadata: { name: "zonal", annotations: DEFAULT },
            provisioner: "disks.example",
            parameters: { kind: "ssd" },
            volumeBindingMode: "Immediate",
            allowVolumeExpansion: true,
            mountOptions: ["noatime"],
            allowedTopologies: [{ matchLabelExpressions: [{ key: "zone", values: ["a", "b"] }] }],
        };
        const { metadata, ...rest } = source;
        assert.equal(metadata?.name, "zonal");
        assert.deepEqual(retainingClass(source, "flts-retain", { a: "b" }), {
            ...rest,
            metadata: { name: "flts-retain", labels: { a: "b" } },
            reclaimPolicy: "Retain",
        });
        assert.deepEqual(retainingClass(named("bare", true), "x-retain", {}), {
            metadata: { name: "x-retain", labels: {} },
            provisioner: "bare.example",
            reclaimPolicy: "Retain",
        });
    });

    it("only the stack with the infrastructure makes the class; another one uses it, and is refused without it", () => {
        const upper = {
            layers: ["monitoring"],
            stacks: { infrastructure: "organization/flts/below" },
            volumes: { retain: true },
        };
        assert.equal(sourceAmong(CLASSES, settings({}))?.metadata?.name, "standard");
        assert.equal(sourceAmong(CLASSES, settings(upper)), undefined);
        assert.throws(
            () => sourceAmong([named("standard", true)], settings(upper)),
            /no storage class flts-retain, which the stack with the infrastructure makes; set flts:volumes\.retain/,
        );
    });
});
