import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { imageTags } from "../../components/core/pod/imageTags";
import { projectDeclarations } from "../../stacks/settings/declarations";
import { settingsPage } from "../../stacks/settings/settingsPage";
import { readSettings } from "../../stacks/settings/read";
import { deployedServers } from "../support/deployedServers";
import { mistakesOf } from "../support/mistakes";

const root = join(__dirname, "..", "..");
const stableImage = `flts/inference:${imageTags().get("inference") ?? ""}`;

/** Messages of the mistakes in a configuration. */
function mistakes(configuration: Record<string, string>): string[] {
    return mistakesOf(() => readSettings(configuration, "dev"));
}

describe("settings", () => {
    it("settings that are not given have their default", () => {
        const settings = readSettings({}, "dev");
        const { kafka, postgres } = deployedServers(settings);
        assert.equal(kafka.brokers, 1);
        assert.deepEqual(settings.training.models, ["GRU", "LSTM", "PROPHET"]);
        assert.deepEqual(settings.inference.scaling, { mode: "fixed", replicas: 1 });
        assert.equal(settings.canary, undefined);
        assert.deepEqual(postgres.access, { mode: "tunnel", localPort: 25432, timeoutSeconds: 180 });
    });

    it("settings are read from objects, from keys with dots, and from text that holds a number", () => {
        const settings = readSettings(
            {
                "flts:kafka": '{"partitions":"4","storage":"3Gi"}',
                "flts:kafka.partitions": "6",
                "flts:inference": '{"autoscaling":{"enabled":"true"}}',
                "flts:training": '{"learningRate":"0.01"}',
                "flts:postgres": '{"resources":{"limits":{"cpu":2}}}',
            },
            "dev",
        );
        const { kafka, postgres } = deployedServers(settings);
        assert.equal(kafka.partitions, 6);
        assert.equal(kafka.storage, "3Gi");
        assert.equal(settings.inference.scaling.mode, "auto");
        assert.equal(settings.training.learningRate, 0.01);
        assert.equal(postgres.resources.limits.cpu, "2");
    });

    it("empty text is a setting that is not given", () => {
        const settings = readSettings({ "flts:dataset": '{"targetColumn":""}' }, "dev");
        assert.equal(settings.dataset.targetColumn, undefined);
    });

    // Promise: setting-shrinks-prod-small
    it("sizes that are not given are the profile's, whatever else of the group is given", () => {
        const settings = readSettings(
            {
                "flts:profile": "production",
                "flts:kafka": '{"brokers":3,"resources":{"limits":{"cpu":"4"}}}',
            },
            "prod",
        );
        const { kafka, postgres } = deployedServers(settings);
        assert.equal(kafka.storage, "50Gi");
        assert.equal(kafka.heapMegabytes, 2048);
        assert.deepEqual(kafka.resources.limits, { cpu: "4", memory: "6Gi" });
        assert.equal(postgres.storage, "20Gi");
        assert.equal(deployedServers(readSettings({}, "dev")).kafka.storage, "2Gi");
    });

    it("wrong values are reported as the user gave them, with a profile or an invalid profile", () => {
        assert.match(
            mistakes({ "flts:profile": "production", "flts:kafka": '{"storage":"much"}' }).join("\n"),
            /^flts:kafka\.storage = "much": must be bytes such as 10Gi/m,
        );
        assert.match(
            mistakes({ "flts:profile": "huge" }).join("\n"),
            /^flts:profile = "huge": must be one of small, production, minimal/,
        );
    });

    it("the profile's sizes of a server that is not deployed do not count as given", () => {
        const external = '{"external":{"bootstrapServers":"kafka.example:9092"}}';
        assert.deepEqual(mistakes({ "flts:profile": "production", "flts:kafka": external }), []);
    });

    it("the configuration of other packages is ignored", () => {
        assert.deepEqual(mistakes({ "kubernetes:context": "x", "pulumi:tags": "{}" }), []);
    });

    // Promise: wrong-value-refused-before
    it("every mistake is reported in one error: wrong values, unknown keys and contradictions", () => {
        const messages = mistakes({
            "flts:kafka": '{"brokers":12,"partition":3}',
            "flts:logLevel": "LOUD",
            "flts:inference": '{"replicas":3,"autoscaling":{"enabled":true}}',
            "flts:colour": "red",
        });
        assert.equal(messages.length, 5);
        const text = messages.join("\n");
        assert.match(text, /flts:kafka\.brokers = 12: must be a whole number from 1 to 9\. Brokers/);
        assert.match(
            text,
            /flts:kafka\.partition: there is no such setting; did you mean flts:kafka\.partitions\?/,
        );
        assert.match(text, /flts:logLevel = "LOUD": must be one of DEBUG, INFO, WARNING, ERROR/);
        assert.match(text, /flts:colour: there is no such setting; there are: namespace, /);
        assert.match(text, /flts:inference\.replicas = 3: the autoscaler sets the number of pods/);
    });

    it("the error names the stack, its file and how to change a setting", () => {
        assert.throws(() => readSettings({ "flts:logLevel": "LOUD" }, "prod"), {
            message:
                /^1 mistake in the settings of stack prod; nothing was changed:\n.*\n.*Pulumi\.prod\.yaml/,
        });
    });

    it("a new stack needs no settings", () => {
        assert.deepEqual(readSettings({}, "new"), readSettings({ "flts:profile": "small" }, "new"));
    });

    it("a single value for a group of settings is an error", () => {
        assert.match(
            mistakes({ "flts:kafka": "big" })[0] ?? "",
            /flts:kafka = "big": must be a group of settings/,
        );
    });

    const contradictory: Record<string, [Record<string, string>, RegExp]> = {
        "an even number of brokers": [{ "flts:kafka.brokers": "2" }, /kafka\.brokers = 2: must be odd/],
        "a heap above the memory limit": [
            { "flts:kafka.heapMegabytes": "2048" },
            /kafka\.heapMegabytes = 2048: must leave room/,
        ],
        "direct access without a host": [
            { "flts:postgres": '{"access":{"mode":"direct"}}' },
            /postgres\.access\.mode = "direct": needs flts:postgres\.access\.host/,
        ],
        "two tunnels on one port": [
            { "flts:postgres": '{"access":{"localPort":29000}}' },
            /postgres\.access\.localPort = 29000: is the port of flts:objectStore/,
        ],
        "a namespace that leaves no room for the log collector's": [
            { "flts:namespace": "n".repeat(60) },
            /namespace = "n+": is 11 characters too long for the log collector's namespace, n+-log-collector/,
        ],
        "a node port of a Service without one": [
            { "flts:mlflow": '{"service":{"nodePort":30500}}' },
            /mlflow\.service\.nodePort = 30500: needs flts:mlflow\.service\.type/,
        ],
        "one node port for two Services": [
            {
                "flts:mlflow": '{"service":{"type":"NodePort","nodePort":30500}}',
                "flts:loadBalancer": '{"service":{"type":"NodePort","nodePort":30500}}',
            },
            /loadBalancer\.service\.nodePort = 30500: is the port of flts:mlflow/,
        ],
        "a request above its limit inside a group of a group": [
            { "flts:monitoring": '{"logs":{"resources":{"requests":{"cpu":"3"}}}}' },
            /monitoring\.logs\.resources\.requests\.cpu = "3": must not be above flts:monitoring\.logs\.resources\.limits\.cpu/,
        ],
        "a request above its limit": [
            { "flts:evaluator": '{"resources":{"requests":{"memory":"2Gi"}}}' },
            /evaluator\.resources\.requests\.memory = "2Gi": must not be above/,
        ],
        "the retaining class as the class to copy": [
            { "flts:storageClass": "flts-retain", "flts:volumes": '{"retain":true}' },
            /storageClass = "flts-retain": is the class that flts:volumes\.retain creates/,
        ],
        "a load test with more users than one source may have connections": [
            { "flts:loadTest": '{"users":129}' },
            /loadTest\.users = 129: must not be above flts:loadBalancer\.sourceLimits\.connections \(128\)/,
        ],
        "a weight without a canary": [
            { "flts:serving": '{"canary":{"weight":20}}' },
            /serving\.canary\.weight = 20: there is no canary .* flts:serving\.canary\.runId or/,
        ],
        "a canary that is the stable version": [
            { "flts:serving": JSON.stringify({ canary: { image: stableImage } }) },
            new RegExp(`serving\\.canary\\.image = "${stableImage}": is the stable version's image too`),
        ],
        "an invalid run": [
            { "flts:serving": '{"canary":{"runId":"best"}}' },
            /serving\.canary\.runId = "best": must be a run id: 32 hexadecimal digits/,
        ],
        "an Ingress without a host": [
            { "flts:ingress": '{"enabled":true,"tls":{"secretName":"given"}}' },
            /ingress\.enabled = true: there is no host to route/,
        ],
        "one host for two servers": [
            { "flts:ingress": '{"enabled":true,"hosts":{"api":"a.example","mlflow":"a.example"}}' },
            /ingress\.hosts\.mlflow = "a\.example": is the host of flts:ingress\.hosts\.api too/,
        ],
        "an invalid host name": [
            { "flts:ingress": '{"hosts":{"api":"https://api.example"}}' },
            /ingress\.hosts\.api = "https:\/\/api\.example": must be a host name in lower case with a dot, or empty/,
        ],
        "two sources of a certificate": [
            {
                "flts:ingress":
                    '{"enabled":true,"hosts":{"api":"a.example"},"tls":{"secretName":"given","clusterIssuer":"ca"}}',
            },
            /ingress\.tls\.secretName = "given": .* remove one of the two/,
        ],
        "a Service that bypasses the login": [
            {
                "flts:ingress": '{"enabled":true,"hosts":{"mlflow":"mlflow.example.com"}}',
                "flts:mlflow": '{"service":{"type":"NodePort"}}',
            },
            /mlflow\.service\.type = "NodePort": bypasses the login/,
        ],
        "a login without a provider": [
            {
                "flts:ingress":
                    '{"enabled":true,"hosts":{"mlflow":"mlflow.example.com"},"login":{"mode":"oidc"}}',
            },
            /needs flts:ingress\.login\.issuerUrl.*; and flts:ingress\.login\.existingSecret.*; and flts:ingress\.tls/,
        ],
        "a host for an external MLflow": [
            {
                "flts:ingress": '{"enabled":true,"hosts":{"mlflow":"mlflow.example.com"}}',
                "flts:mlflow": '{"external":{"trackingUri":"https://mlflow.example"}}',
            },
            /ingress\.hosts\.mlflow = "mlflow\.example\.com": this stack does not run MLflow/,
        ],
        "a provider without a login": [
            {
                "flts:ingress":
                    '{"enabled":true,"hosts":{"mlflow":"mlflow.example.com"},"login":{"issuerUrl":"https://id.example"}}',
            },
            /ingress\.login\.issuerUrl = "https:\/\/id\.example": is of no use with a password/,
        ],
        "an image without a tag": [
            { "flts:serving": '{"canary":{"image":"flts/inference"}}' },
            /serving\.canary\.image = "flts\/inference": must be a repository with a tag or a digest/,
        ],
        "a minimum above the maximum": [
            { "flts:inference": '{"autoscaling":{"minReplicas":9,"maxReplicas":3}}' },
            /minReplicas = 9: must not be above/,
        ],
    };
    for (const [name, [configuration, message]] of Object.entries(contradictory)) {
        it(`settings are refused: ${name}`, () => {
            const messages = mistakes(configuration);
            assert.equal(messages.length, 1, messages.join("\n"));
            assert.match(messages[0] ?? "", message);
        });
    }
});

describe("Pulumi.yaml", () => {
    const project = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as {
        config: Record<string, unknown>;
    };

    // Promise: complete-reference-every-option
    it("Pulumi.yaml declares exactly the settings of the schema, with their defaults", () => {
        assert.deepEqual(project.config, projectDeclarations(), "run `npm run settings`");
    });

    it("docs/settings.md describes exactly the settings of the schema", () => {
        assert.equal(
            readFileSync(join(root, "docs", "settings.md"), "utf8"),
            settingsPage(),
            "run `npm run settings`",
        );
    });

    it("Pulumi.yaml leaves sizes to the profile: the engine passes its defaults to the program as if they had been given", () => {
        const defaults = Object.entries(project.config as Record<string, { default: unknown }>).map(
            ([key, { default: value }]) => [
                `flts:${key}`,
                typeof value === "string" ? value : JSON.stringify(value),
            ],
        );
        const given = Object.fromEntries(defaults) as Record<string, string>;
        const production = readSettings({ ...given, "flts:profile": "production" }, "prod");
        assert.equal(deployedServers(production).kafka.heapMegabytes, 2048);
        assert.equal(production.training.epochs, 50);
        const small = readSettings(given, "dev");
        assert.deepEqual(small, readSettings({}, "dev"));
    });
});
