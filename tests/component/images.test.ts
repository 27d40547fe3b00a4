import assert from "node:assert/strict";
import { imageTags } from "../../components/core/pod/imageTags";
import { images } from "../../toolchain/images/catalogue";
import { containers, workloads } from "../support/objects";
import { deployProgram, settings } from "../support/program";

describe("the images that pods run", function () {
    this.timeout(30_000);

    it("images contain the packages that the pods' commands start", async () => {
        const { resources } = await deployProgram(settings());
        const started = workloads(resources)
            .flatMap(containers)
            .flatMap(({ image, command = [] }) => {
                const module = /^flts\.(\w+)/.exec(command[command.indexOf("-m") + 1] ?? "")?.[1];
                return module === undefined ? [] : [{ image, module }];
            });
        assert.deepEqual([...new Set(started.map(({ module }) => module))].sort(), [
            "backup",
            "lag",
            "mlflowauth",
            "predictionlogs",
            "topics",
        ]);
        for (const { image, module } of started) {
            const inputs = images.find(({ repository }) => image.startsWith(`${repository}:`))?.inputs ?? [];
            assert.ok(inputs.includes(`services/flts/${module}`), `${image} runs flts.${module}`);
        }
    });

    it("each image has its own tag, which the program computes without a setting", async () => {
        const { resources } = await deployProgram(settings());
        const tags = imageTags();
        const own = workloads(resources)
            .flatMap(containers)
            .filter(({ image }) => image.startsWith("flts/"));
        for (const name of ["preprocess", "trainer", "evaluator", "inference", "locust", "mlflow"]) {
            const named = new Set(
                own.map(({ image }) => image).filter((image) => image.startsWith(`flts/${name}:`)),
            );
            assert.deepEqual([...named], [`flts/${name}:${tags.get(name) ?? ""}`]);
        }
    });

    it("a change of a service's source rolls only its own pods: its tag is in no other template", async () => {
        const { resources } = await deployProgram(settings());
        const all = workloads(resources);
        const rolled = new Map(
            [...imageTags()].map(([name, tag]) => [
                name,
                all
                    .filter(({ template }) => JSON.stringify(template).includes(tag))
                    .map((workload) => workload.name)
                    .sort(),
            ]),
        );
        const services = [...rolled].filter(([, names]) => names.length > 0);
        assert.deepEqual(Object.fromEntries(services), {
            preprocess: ["backup", "kafka-lag", "kafka-topics", "preprocess", "restore", "restore-drill"],
            trainer: ["nonml-prophet", "train-gru", "train-lstm"],
            evaluator: ["eval"],
            inference: ["inference", "log-compaction"],
            locust: ["load-test", "locust-master", "locust-worker"],
            mlflow: ["mlflow"],
        });
    });
});
