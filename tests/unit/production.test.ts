import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { confirmProduction, requireBackend, type Caller } from "../../cli/stack/chosen";
import { readOptions } from "../../cli/stack/options";
import { RISKS } from "../../stacks/settings/acknowledge";
import { readSettings } from "../../stacks/settings/read";
import { mistakesOf } from "../support/mistakes";

const { config } = parse(readFileSync(join(__dirname, "..", "..", "Pulumi.prod.yaml"), "utf8")) as {
    config: Record<string, unknown>;
};
const OIDC = { login: { mode: "oidc", issuerUrl: "https://id.example", existingSecret: "client" } };
const TARGET = { target: { endpoint: "https://s3.example", bucket: "flts-backup", existingSecret: "away" } };

/** Messages for the committed settings of prod, and what a user changes in them. */
function mistakes(changed: Record<string, object | string | boolean>): string[] {
    const given = { ...config, ...changed } as Record<string, unknown>;
    const configuration = Object.fromEntries(
        Object.entries(given).map(([key, value]) => [
            key,
            typeof value === "string" ? value : JSON.stringify(value),
        ]),
    );
    return mistakesOf(() => readSettings(configuration, "prod"));
}

describe("a production stack", () => {
    const ingress = { ...(config["flts:ingress"] as object), ...OIDC };
    const insecure = {
        "flts:ingress": ingress,
        "flts:loadBalancer": { service: { type: "LoadBalancer" } },
        "flts:monitoring": { service: { type: "NodePort" } },
    };

    // Promise: production-no-insecure-defaults
    it("a production stack is refused for every insecure default in one report, each with the name that acknowledges it", () => {
        const found = mistakes(insecure);
        assert.deepEqual(
            found.map((message) => /flts:acknowledge: \[(\w+)\]/.exec(message)?.[1]),
            ["noBackupTarget", "noAlertReceiver", "plainLoadBalancer", "plainLoadBalancer", "anyEmailDomain"],
        );
        assert.match(
            found[2] ?? "",
            /flts:loadBalancer\.service\.type = "LoadBalancer".*set it to ClusterIP/,
        );
        assert.match(found[4] ?? "", /flts:ingress\.login\.emailDomain = "\*".*name your domain/);
    });

    it("a production stack is deployed when each is set", () => {
        assert.deepEqual(
            mistakes({
                "flts:backup": TARGET,
                "flts:monitoring": { webhook: { existingSecret: "chat" } },
                "flts:ingress": { ...ingress, login: { ...OIDC.login, emailDomain: "example.com" } },
            }),
            [],
        );
    });

    it("a production stack is deployed when each is acknowledged by name, and only those", () => {
        assert.deepEqual(mistakes({ ...insecure, "flts:acknowledge": [...RISKS] }), []);
        assert.equal(mistakes({ ...insecure, "flts:acknowledge": ["plainLoadBalancer"] }).length, 3);
        assert.match(
            mistakes({ ...insecure, "flts:acknowledge": ["all"] })[0] ?? "",
            /flts:acknowledge = \["all"\]: must be a list of noBackupTarget/,
        );
    });

    it("disabled backups count as no backup target", () => {
        assert.match(mistakes({ "flts:backup": { enabled: false } })[0] ?? "", /noBackupTarget/);
    });

    it("settings of what is not deployed need no acknowledgement", () => {
        const layers = {
            "flts:layers": ["serving"],
            "flts:stacks": { infrastructure: "organization/flts/base" },
        };
        const ingressOfApi = {
            ...ingress,
            hosts: { api: "api.example.com" },
        };
        const found = mistakes({
            ...layers,
            "flts:ingress": ingressOfApi,
            "flts:kafka": {},
            "flts:objectStore": {},
        });
        assert.deepEqual(
            found.filter((message) => message.includes("acknowledge")),
            [],
        );
    });
});

describe("an update of a production stack", () => {
    const options = readOptions({ STACK: "prod", CONTEXT: "cloud" });
    const caller = (environment: NodeJS.ProcessEnv, answer?: string): Caller => ({
        environment,
        terminal: answer !== undefined,
        ask: () => Promise.resolve(answer ?? assert.fail("asked without a terminal")),
    });
    const confirm = (who: Caller, settings = config): Promise<void> =>
        confirmProduction(options, settings, who);

    it("an update of a production stack is confirmed by the stack's name, on a terminal or as CONFIRM", async () => {
        await confirm(caller({ CONFIRM: "prod" }));
        await confirm(caller({}, "prod"));
    });

    it("an update of a production stack does not start without confirmation", async () => {
        await assert.rejects(confirm(caller({})), /no terminal to ask on: say CONFIRM=prod/);
        await assert.rejects(confirm(caller({}, "y")), /prod was not confirmed/);
        await assert.rejects(confirm(caller({ CONFIRM: "dev" }, "prod")), /CONFIRM=dev: the stack is prod/);
    });

    it("other stacks need no confirmation", async () => {
        await confirm(caller({}), {});
    });
});

describe("the state of a cluster that is not the embedded one", () => {
    it("the state of another cluster than the embedded one is kept only in a backend that the user chose", () => {
        const cloud = readOptions({ CONTEXT: "cloud" });
        assert.throws(() => {
            requireBackend(cloud, {}, "file:///folder");
        }, /CONTEXT=cloud is not the embedded cluster, and PULUMI_BACKEND_URL is not set.*PULUMI_BACKEND_URL=file:\/\/\/folder/s);
        requireBackend(cloud, { PULUMI_BACKEND_URL: "s3://state" }, "file:///folder");
        requireBackend(readOptions({}), {}, "file:///folder");
    });
});
