import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { Images, type ImageName } from "../../components/core/pod/images";
import { imageTags, projectRoot } from "../../components/core/pod/imageTags";
import catalogue from "../../images/images.json";
import { chosenImages, fullReference, imagesToBuild } from "../../toolchain/images/catalogue";
import { imageKeys } from "../../toolchain/images/keys";
import { planLoad } from "../../toolchain/images/load";

const SERVICES = ["evaluator", "inference", "locust", "preprocess", "trainer"];
/** The trainer's variant for GPUs, which is made on top of it. */
const CUDA = "trainer-cuda";
const PYTHON = [...SERVICES, CUDA, "mlflow", "python"];
/** The layers below all images, for each release of Debian. */
const BASES = ["base-bookworm", "base-trixie"];
const DEBIANS = ["debian-bookworm", "debian-trixie"];

describe("the tags of our own images", function () {
    this.timeout(10_000);
    let root: string;

    before(() => {
        root = mkdtempSync(join(tmpdir(), "flts-tags-"));
        for (const folder of ["images", "services", "toolchain"]) {
            cpSync(join(projectRoot, folder), join(root, folder), {
                recursive: true,
                filter: (path) => !path.includes("__pycache__") && !path.includes("node_modules"),
            });
        }
    });

    after(() => {
        rmSync(root, { recursive: true });
    });

    /** Images whose tag an edit changes; the build makes exactly the same ones again. */
    function changedBy(edit: () => void): string[] {
        const [tags, keys] = [imageTags(root), imageKeys(root)];
        edit();
        const [tagsAfter, keysAfter] = [imageTags(root), imageKeys(root)];
        const changed = [...tags.keys()].filter((name) => tags.get(name) !== tagsAfter.get(name)).sort();
        assert.deepEqual(
            changed,
            [...tags.keys()].filter((name) => keys.get(name) !== keysAfter.get(name)).sort(),
            "tags follow what is built",
        );
        return changed;
    }

    const edits: Record<string, readonly string[]> = {
        "services/flts/load_test/users.py": ["locust"],
        "services/flts/training/trainer.py": ["trainer", CUDA],
        "services/flts/evaluator/worker.py": ["evaluator"],
        "services/flts/inference/server.py": ["inference"],
        "services/flts/forecasting/model.py": ["evaluator", "inference"],
        "services/flts/preprocess/job.py": ["preprocess"],
        "services/flts/topics/planning.py": ["preprocess"],
        "services/flts/backup/vault.py": ["preprocess"],
        "services/flts/lag/collector.py": ["preprocess"],
        "services/sample/sample.csv": ["preprocess"],
        "services/flts/common/logs.py": [...SERVICES, CUDA],
        "services/flts/__init__.py": [...SERVICES, CUDA, "mlflow"],
        "services/flts/mlflowauth/users.py": ["mlflow"],
        "services/main/evaluator.py": ["evaluator"],
        "services/requirements/inference.txt": ["inference"],
        "services/requirements/mlflow.txt": ["mlflow"],
        "services/requirements/trainer.txt": ["trainer", CUDA],
        "services/requirements/trainer-cuda.txt": [CUDA],
        "services/requirements/test.txt": [],
        "services/tests/test_lag.py": [],
        "services/README.md": [],
        "images/service/Containerfile": [...SERVICES, CUDA],
        "images/trainer-cuda/Containerfile": [CUDA],
        "images/mlflow/Containerfile": ["mlflow"],
        "images/kafka/Containerfile": [],
        "images/python/install-requirements.sh": PYTHON,
        "images/base/Containerfile": [...PYTHON, ...BASES],
        "images/debian/Containerfile": [...PYTHON, ...BASES, ...DEBIANS],
        "toolchain/images/preparation/debian.ts": [...PYTHON, ...BASES, ...DEBIANS],
        "toolchain/images/preparation/kafka.ts": [],
    };
    for (const [path, names] of Object.entries(edits)) {
        const who = names.length === 0 ? "no tag" : `the tags of ${names.join(", ")} and no other`;
        it(`an edit of ${path} changes ${who}`, () => {
            const changed = changedBy(() => {
                appendFileSync(join(root, path), "\n");
            });
            assert.deepEqual(changed, [...names].sort());
        });
    }

    it("tags are not changed by what running, editing and testing leave, nor by a file's time", () => {
        const changed = changedBy(() => {
            for (const path of [
                "common/__pycache__/logs.cpython-311.pyc",
                "common/.logs.py.swp",
                "common/tests/test_logs.py",
                "preprocess/README.md",
            ]) {
                const file = join(root, "services/flts", path);
                mkdirSync(dirname(file), { recursive: true });
                writeFileSync(file, "x");
            }
            utimesSync(join(root, "services/flts/common/logs.py"), 1, 1);
        });
        assert.deepEqual(changed, []);
    });

    it("tags depend on the catalogue's arguments and the official image of a parent, not on the catalogue's texts", () => {
        const before = imageTags();
        const changed = (name: keyof typeof catalogue.images, facts: object): string[] => {
            const tags = imageTags(projectRoot, {
                ...catalogue.images,
                [name]: { ...catalogue.images[name], ...facts },
            });
            return [...before.keys()].filter((each) => before.get(each) !== tags.get(each)).sort();
        };
        assert.deepEqual(changed("trainer", { arguments: { SERVICE: "evaluator" } }), ["trainer", CUDA]);
        assert.deepEqual(changed("trainer", { purpose: "Trains.", repository: "flts/training" }), []);
        assert.deepEqual(
            changed("debian-bookworm", { upstream: "docker.io/library/debian:bookworm" }),
            [...PYTHON, "base-bookworm", "debian-bookworm"].sort(),
        );
        assert.deepEqual(changed("debian-trixie", { suite: "forky" }), ["base-trixie", "debian-trixie"]);
    });

    it("tags are the same with and without the variant that is made only on request", () => {
        const others = Object.fromEntries(Object.entries(catalogue.images).filter(([name]) => name !== CUDA));
        const tags = imageTags();
        assert.ok(tags.has(CUDA));
        assert.deepEqual(
            imageTags(projectRoot, others),
            new Map([...tags].filter(([name]) => name !== CUDA)),
        );
    });

    it("tags do not depend on where the project is", () => {
        const copy = mkdtempSync(join(tmpdir(), "flts-tags-"));
        try {
            cpSync(root, copy, { recursive: true });
            assert.deepEqual(imageTags(copy), imageTags(root));
        } finally {
            rmSync(copy, { recursive: true });
        }
    });

    it("tags are twelve hexadecimal digits, different for every image", () => {
        const tags = [...imageTags().values()];
        assert.equal(new Set(tags).size, tags.length);
        for (const tag of tags) {
            assert.match(tag, /^[0-9a-f]{12}$/);
        }
    });

    for (const source of ["build", "pull"] as const) {
        it(`pods name the images that \`make images\` loads (${source})`, () => {
            const named = new Images({ registry: undefined, tags: imageTags() });
            const steps = planLoad(
                imagesToBuild(source, chosenImages(new Set())),
                imageKeys(projectRoot, source),
                imageTags(),
                new Map(),
            );
            const loaded = new Map(steps.map(({ image, wanted }) => [image.name, wanted]));
            const services = chosenImages(new Set()).filter(({ role }) => role === "service");
            assert.equal(services.length, SERVICES.length + 1);
            for (const { name } of services) {
                const { repository, tag } = named.parts(name as ImageName);
                assert.equal(loaded.get(name), fullReference(repository, tag), name);
            }
        });
    }
});
