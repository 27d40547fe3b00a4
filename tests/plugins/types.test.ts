import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { declaredResource, declaredProvider, npmVersion, type Shape } from "./support/declarations";
import { TestStack } from "./support/stack";
import { pluginNames, pluginProgram, type PluginName } from "./support/tools";

interface PropertySchema {
    readonly type?: string;
    readonly items?: PropertySchema;
    readonly secret?: boolean;
}

interface ResourceSchema {
    readonly properties?: Readonly<Record<string, PropertySchema>>;
    readonly required?: readonly string[];
    readonly inputProperties?: Readonly<Record<string, PropertySchema>>;
    readonly requiredInputs?: readonly string[];
}

interface PackageSchema {
    readonly name: string;
    readonly version: string;
    readonly provider: ResourceSchema;
    readonly resources: Readonly<Record<string, ResourceSchema>>;
}

/** Resources that the program uses; each must be there and is compared. */
const used: Readonly<Record<PluginName, readonly string[]>> = {
    random: ["RandomPassword", "RandomString", "RandomBytes", "RandomId", "RandomInteger", "RandomUuid"],
    minio: [
        "S3Bucket",
        "S3BucketVersioning",
        "IlmPolicy",
        "S3Object",
        "IamUser",
        "IamPolicy",
        "IamUserPolicyAttachment",
    ],
    postgresql: ["Role", "Database", "Grant", "Extension"],
};

/** A type of the schema, as the declarations are read: one word. */
function typeName({ type, items }: PropertySchema): string {
    if (type === "integer") return "number";
    return type === "array" ? `${items?.type ?? "?"}[]` : (type ?? "object");
}

function shapes(
    properties: Readonly<Record<string, PropertySchema>> = {},
    required: readonly string[] = [],
): Record<string, Shape> {
    return Object.fromEntries(
        Object.entries(properties).map(([name, schema]) => [
            name,
            { type: typeName(schema), required: required.includes(name) },
        ]),
    );
}

for (const name of pluginNames) {
    describe(`plugin ${name} against the types of @pulumi/${name}`, function () {
        this.timeout(60_000);
        let schema: PackageSchema;

        before(async () => {
            const stack = await TestStack.create();
            schema = JSON.parse(await stack.schema(pluginProgram(name))) as PackageSchema;
            stack.remove();
        });

        it("has the version of the installed package, which is the one package.json pins", () => {
            const manifest = JSON.parse(
                readFileSync(join(__dirname, "..", "..", "package.json"), "utf8"),
            ) as { dependencies: Record<string, string> };
            assert.equal(schema.version, npmVersion(name));
            assert.equal(manifest.dependencies[`@pulumi/${name}`], schema.version);
        });

        it("has the settings of its Provider", () => {
            const { inputProperties, requiredInputs } = schema.provider;
            assert.deepEqual(shapes(inputProperties, requiredInputs), declaredProvider(name));
        });

        it("has exactly the resources that are compared here", () => {
            assert.deepEqual(
                Object.keys(schema.resources).sort(),
                used[name].map((resource) => declaredResource(name, resource).token).sort(),
            );
        });

        for (const resource of used[name]) {
            it(`${resource}: token, inputs, outputs and secrets`, () => {
                const declared = declaredResource(name, resource);
                const built = schema.resources[declared.token];
                assert.ok(built, `the plugin has no ${declared.token}`);
                assert.deepEqual(shapes(built.inputProperties, built.requiredInputs), declared.inputs);
                assert.deepEqual(shapes(built.properties, built.required), declared.outputs);
                const secrets = Object.entries(built.properties ?? {}).filter(([, one]) => one.secret);
                assert.deepEqual(secrets.map(([key]) => key).sort(), declared.secrets);
            });
        }
    });
}
