import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    CREDENTIALS_DIRECTORY,
    DATA_DIRECTORY,
    POSTGRES_VERSIONS,
    prepareScript,
    type PostgresVersion,
} from "../../components/infrastructure/postgres/postgresConfig";

describe("the preparation of PostgreSQL's volume", () => {
    let folder: string;
    let data: string;

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "flts-postgres-"));
        data = join(folder, "pgdata");
        mkdirSync(data);
    });
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });

    /** Runs the script on the folder, with programs that only say that they were called. */
    function prepare(version: PostgresVersion): { readonly code: number | null; readonly output: string } {
        const programs = join(folder, "programs");
        mkdirSync(programs);
        for (const name of ["initdb", "postgres"]) {
            writeFileSync(join(programs, name), `#!/bin/sh\ntouch ${folder}/${name}\n`, { mode: 0o755 });
        }
        writeFileSync(join(folder, "password"), "secret");
        const script = prepareScript(version)
            .replaceAll(DATA_DIRECTORY, data)
            .replaceAll(CREDENTIALS_DIRECTORY, folder);
        const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], {
            encoding: "utf8",
            env: { PATH: `${programs}:${process.env.PATH ?? ""}` },
        });
        return { code: status, output: stdout + stderr };
    }

    for (const version of POSTGRES_VERSIONS) {
        for (const found of ["9.6", "14", "15", "17", "18"].filter((each) => each !== version)) {
            it(`PostgreSQL ${version} refuses files of ${found} with both ways out, and changes nothing`, () => {
                writeFileSync(join(data, "PG_VERSION"), `${found}\n`);
                const { code, output } = prepare(version);
                assert.equal(code, 1);
                assert.match(
                    output,
                    new RegExp(
                        `holds files of PostgreSQL ${found}, .*postgres.version to ${found}, or .*docs/upgrades.md`,
                    ),
                );
                assert.deepEqual(readdirSync(data), ["PG_VERSION"]);
                assert.ok(!readdirSync(folder).includes("postgres"), "no server was started on them");
            });
        }

        it(`PostgreSQL ${version} accepts files of its own major version`, () => {
            writeFileSync(join(data, "PG_VERSION"), `${version}\n`);
            assert.equal(prepare(version).code, 0);
            assert.ok(readdirSync(folder).includes("postgres"));
        });
    }

    it("the procedure is in a section that exists", () => {
        const page = readFileSync(join(__dirname, "../../docs/upgrades.md"), "utf8");
        assert.match(page, /^## Another major version of PostgreSQL$/m);
    });
});
