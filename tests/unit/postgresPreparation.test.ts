import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    CREDENTIALS_DIRECTORY,
    DATA_DIRECTORY,
    POSTGRES_MAJOR,
    PREPARE_SCRIPT,
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
    function prepare(): { readonly code: number | null; readonly output: string } {
        const programs = join(folder, "programs");
        mkdirSync(programs);
        for (const name of ["initdb", "postgres"]) {
            writeFileSync(join(programs, name), `#!/bin/sh\ntouch ${folder}/${name}\n`, { mode: 0o755 });
        }
        writeFileSync(join(folder, "password"), "secret");
        const script = PREPARE_SCRIPT.replaceAll(DATA_DIRECTORY, data).replaceAll(
            CREDENTIALS_DIRECTORY,
            folder,
        );
        const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], {
            encoding: "utf8",
            env: { PATH: `${programs}:${process.env.PATH ?? ""}` },
        });
        return { code: status, output: stdout + stderr };
    }

    for (const found of [POSTGRES_MAJOR - 1, POSTGRES_MAJOR + 2, 9.6]) {
        it(`files of PostgreSQL ${found} are refused with the procedure, and not changed`, () => {
            writeFileSync(join(data, "PG_VERSION"), `${found}\n`);
            const { code, output } = prepare();
            assert.equal(code, 1);
            assert.match(
                output,
                new RegExp(`holds files of PostgreSQL ${found}, .*make backup.*docs/upgrades.md`),
            );
            assert.deepEqual(readdirSync(data), ["PG_VERSION"]);
            assert.ok(!readdirSync(folder).includes("postgres"), "no server was started on them");
        });
    }

    it("files of the same major version are accepted", () => {
        writeFileSync(join(data, "PG_VERSION"), `${POSTGRES_MAJOR}\n`);
        assert.equal(prepare().code, 0);
        assert.ok(readdirSync(folder).includes("postgres"));
    });

    it("the procedure is in a section that exists", () => {
        const page = readFileSync(join(__dirname, "../../docs/upgrades.md"), "utf8");
        assert.match(page, /^## Another major version of PostgreSQL$/m);
    });
});
