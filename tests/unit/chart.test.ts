import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { charts } from "../../components/core/pod/images";
import { CHART_ARCHIVE, provideChart } from "../../stacks/inputs/chart";
import { minioChart } from "../../toolchain/images/chart";
import { deployedServers } from "../support/deployedServers";
import { settings } from "../support/program";

/** A chart repository on this machine, in place of the official one, which the tests cannot reach. */
class Repository {
    /** Paths that were asked for. */
    readonly asked: string[] = [];
    private readonly server: Server;

    constructor(files: ReadonlyMap<string, Uint8Array | string>) {
        this.server = createServer(({ url = "" }, response) => {
            this.asked.push(url);
            const content = files.get(url);
            response.writeHead(content === undefined ? 404 : 200).end(content);
        });
    }

    async listen(): Promise<string> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    close(): void {
        this.server.close();
    }
}

/** An index of a repository, in the form of the official one. */
function indexOf(address: string, version = charts.minio.version): string {
    const chart = { apiVersion: "v1", name: "minio", version, digest: charts.minio.sha256, urls: [address] };
    return stringify({ apiVersion: "v1", entries: { minio: [{ ...chart, version: "4.0.0" }, chart] } });
}

describe("MinIO's chart", () => {
    let project: string;
    let official: Buffer;
    const repositories: Repository[] = [];

    before(async () => {
        official = await readFile(await minioChart());
    });

    beforeEach(async () => {
        project = await mkdtemp(join(tmpdir(), "flts-chart-"));
    });

    afterEach(async () => {
        repositories.splice(0).forEach((repository) => {
            repository.close();
        });
        await rm(project, { recursive: true });
    });

    async function repositoryOf(files: Record<string, Uint8Array | string>) {
        const repository = new Repository(new Map(Object.entries(files)));
        repositories.push(repository);
        return { repository, address: await repository.listen() };
    }

    it("the chart comes from its official repository if no setting names another source", () => {
        assert.deepEqual(deployedServers(settings()).objectStore.chart, {
            from: "repository",
            repository: "https://charts.min.io/",
        });
    });

    it("the chart is found through the repository's index, downloaded once, and kept inside the checkout", async () => {
        const { repository, address } = await repositoryOf({
            "/index.yaml": indexOf("helm-releases/minio-5.4.0.tgz"),
            "/helm-releases/minio-5.4.0.tgz": official,
        });
        const chosen = settings({ chartRepository: address });
        assert.equal(await provideChart(chosen, project), CHART_ARCHIVE);
        assert.ok((await readFile(join(project, CHART_ARCHIVE))).equals(official));
        await provideChart(chosen, project);
        assert.deepEqual(repository.asked, ["/index.yaml", "/helm-releases/minio-5.4.0.tgz"]);
    });

    it("the chart may be at another address than its repository's index, and the repository below a path", async () => {
        const archives = await repositoryOf({ "/files/chart.tgz": official });
        const { address } = await repositoryOf({
            "/mirror/index.yaml": indexOf(`${archives.address}/files/chart.tgz`),
        });
        await provideChart(settings({ chartRepository: `${address}/mirror` }), project);
        assert.ok((await readFile(join(project, CHART_ARCHIVE))).equals(official));
    });

    it("a chart with other content under its version is refused, even if the index names its digest", async () => {
        const { address } = await repositoryOf({
            "/index.yaml": indexOf("minio.tgz"),
            "/minio.tgz": Buffer.concat([official, Buffer.from([0])]),
        });
        await assert.rejects(
            provideChart(settings({ chartRepository: address }), project),
            /^Error: http:\S+\/minio\.tgz is not MinIO's chart 5\.4\.0: its SHA-256 is \w{64} and must be 25fa2740\w+\. Name another .* Nothing was changed\.$/,
        );
        assert.ok(!existsSync(join(project, CHART_ARCHIVE)));
    });

    it("the chart is downloaded again if the kept archive was changed", async () => {
        const { address } = await repositoryOf({
            "/index.yaml": indexOf("minio.tgz"),
            "/minio.tgz": official,
        });
        const chosen = settings({ chartRepository: address });
        await provideChart(chosen, project);
        await writeFile(join(project, CHART_ARCHIVE), "changed");
        await provideChart(chosen, project);
        assert.ok((await readFile(join(project, CHART_ARCHIVE))).equals(official));
    });

    const unusable: Record<string, [Record<string, string>, RegExp]> = {
        "has no index": [{}, /index\.yaml: MinIO's chart cannot be read here: it answers 404\. Name another/],
        "has an empty index": [{ "/index.yaml": "" }, /it lists no chart minio 5\.4\.0\. Name another/],
        "has other versions only": [
            { "/index.yaml": indexOf("minio.tgz", "6.0.0") },
            /it lists no chart minio 5\.4\.0\. Name another/,
        ],
        "lacks the archive": [
            { "/index.yaml": indexOf("minio.tgz") },
            /\/minio\.tgz: MinIO's chart cannot be read here: it answers 404\. Name another/,
        ],
        "answers with something else": [
            { "/index.yaml": "<html>: [" },
            /index\.yaml: MinIO's chart cannot be read here: it is not an index of a chart repository\. Name another/,
        ],
    };
    for (const [what, [files, message]] of Object.entries(unusable)) {
        it(`a chart from a repository that ${what} is refused, in one error with the settings`, async () => {
            const { address } = await repositoryOf(files);
            await assert.rejects(provideChart(settings({ chartRepository: address }), project), message);
        });
    }

    it("an unreachable repository is an error that names the setting for an archive", async () => {
        await assert.rejects(
            provideChart(settings({ chartRepository: "http://127.0.0.1:1" }), project),
            /^Error: http:\/\/127\.0\.0\.1:1\/index\.yaml: MinIO's chart cannot be read here: .+ flts:objectStore\.chart\. Nothing/,
        );
    });

    it("no repository is used if an archive is given, which the release names by the same path", async () => {
        await writeFile(join(project, "given.tgz"), official);
        const chosen = settings({
            chartRepository: "http://127.0.0.1:1",
            objectStore: { chart: "given.tgz" },
        });
        assert.equal(await provideChart(chosen, project), CHART_ARCHIVE);
        assert.ok((await readFile(join(project, CHART_ARCHIVE))).equals(official));
    });

    it("an archive with other content is refused before anything is created", async () => {
        await writeFile(join(project, "chart.tgz"), "not a chart");
        await assert.rejects(
            provideChart(settings({ objectStore: { chart: "chart.tgz" } }), project),
            /chart\.tgz is not MinIO's chart 5\.4\.0: its SHA-256 .* Nothing was changed/,
        );
    });

    it("an archive that does not exist is refused, naming the setting", async () => {
        await assert.rejects(
            provideChart(settings({ objectStore: { chart: "missing.tgz" } }), project),
            /missing\.tgz: there is no such file; name one with flts:objectStore\.chart/,
        );
    });

    const unneeded: Record<string, Parameters<typeof settings>[0]> = {
        "the store is external": {
            objectStore: { external: { endpoint: "http://minio.store.svc:9000" }, existingSecret: "root" },
        },
        "another stack has the infrastructure": {
            layers: ["serving"],
            stacks: { infrastructure: "organization/flts/below" },
        },
    };
    for (const [where, overrides] of Object.entries(unneeded)) {
        it(`no chart is needed if ${where}`, async () => {
            await provideChart(settings({ ...overrides, chartRepository: "http://127.0.0.1:1" }), project);
            assert.ok(!existsSync(join(project, CHART_ARCHIVE)));
        });
    }
});
