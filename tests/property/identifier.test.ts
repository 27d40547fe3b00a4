import assert from "node:assert/strict";
import * as fc from "fast-check";
import { topicsOf } from "../../components/contract";
import { settingsSchema } from "../../stacks/settings/schema";
import type { Recorded } from "../support/mocks";
import { containers, ofType, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

/** Everything the setting admits, and nothing else. */
const identifiers = fc
    .stringMatching(/^([a-z0-9][-a-z0-9.]{0,4})?$/)
    .filter((identifier) => settingsSchema.shape.identifier.safeParse(identifier).success);

/** What a pipeline calls its things where another pipeline may have its own beside them. */
interface SharedNames {
    readonly topics: readonly string[];
    readonly groups: readonly string[];
    readonly rawData: readonly string[];
    readonly declaredTopics: readonly string[];
    /** What the services put before keys of data, pointers and logs, and into the tags of runs. */
    readonly scopes: readonly string[];
}

function sharedNames(resources: readonly Recorded[]): SharedNames {
    const variables = workloads(resources)
        .flatMap(containers)
        .flatMap(({ env }) => (env as typeof env | undefined) ?? []);
    const values = (name: RegExp) =>
        variables
            .filter((variable) => name.test(variable.name))
            .map(({ value }) => value)
            .sort();
    const maps = ofType(resources, "kubernetes:core/v1:ConfigMap").map(
        ({ inputs }) => (inputs.data as Record<string, string>)["topics.json"],
    );
    const declaration = maps.find((text) => text !== undefined) ?? "[]";
    return {
        topics: values(/^TOPIC_/),
        groups: values(/^CONSUMER_GROUP_ID$/),
        rawData: values(/^INPUT_PREFIX$/),
        declaredTopics: (JSON.parse(declaration) as { name: string }[]).map(({ name }) => name).sort(),
        scopes: values(/^IDENTIFIER$/),
    };
}

describe("pipelines with different identifiers", function () {
    this.timeout(60_000);

    it("pipelines with different identifiers have no topic in common", () => {
        fc.assert(
            fc.property(identifiers, identifiers, (one, other) => {
                fc.pre(one !== other);
                const taken = new Set(Object.values(topicsOf(one)));
                for (const name of Object.values(topicsOf(other))) {
                    assert.ok(!taken.has(name), name);
                }
            }),
            { seed: 20_261_125, numRuns: 1000 },
        );
    });

    // Promise: identifier-keeps-pipelines-apart, stacks-share-servers
    it("pipelines with different identifiers share no name in shared brokers and buckets", async () => {
        // One after the other: Pulumi's mocks are one for the process.
        const named = sharedNames((await deployProgram(settings({ identifier: "team-a" }))).resources);
        const unnamed = sharedNames((await deployProgram(settings())).resources);
        assert.deepEqual(new Set(named.scopes), new Set(["team-a"]));
        assert.deepEqual(named.rawData, ["team-a/"]);
        assert.deepEqual(unnamed.rawData, [""]);
        for (const kind of ["topics", "groups", "declaredTopics"] as const) {
            assert.ok(named[kind].length > 1, kind);
            assert.ok(
                named[kind].every((name) => name.startsWith("team-a.")),
                named[kind].join(),
            );
            assert.deepEqual(
                named[kind],
                unnamed[kind].map((name) => `team-a.${name}`),
            );
        }
        // What is used is declared: the broker creates no topic by itself.
        assert.deepEqual(
            named.topics.filter((name) => !named.declaredTopics.includes(name)),
            [],
        );
    });

    it("an identifier cannot be a name with which objects of the pipeline without one begin", () => {
        for (const identifier of ["default", "global", "a.b"]) {
            assert.throws(() => settings({ identifier }));
        }
    });
});
