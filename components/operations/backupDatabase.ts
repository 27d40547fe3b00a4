import { USERS_SCHEMA } from "../infrastructure/mlflow/mlflow";
import type { PostgresVersion } from "../infrastructure/postgres/postgresConfig";

/** Where the steps of one pod hand each other files (`SCRATCH`). */
export const SCRATCH_DIRECTORY = "/scratch";

/** MLflow's database as `flts.backup` takes and leaves it. */
const DUMP = `${SCRATCH_DIRECTORY}/database.dump`;
/** Runs that the drill's database knows; `flts.backup.verifying` reads them. */
const RUNS = `${SCRATCH_DIRECTORY}/runs.tsv`;

/** Runs of trainers, which say of which model family they are. */
const RUNS_QUERY =
    "select r.run_uuid, r.artifact_uri, r.status, r.lifecycle_stage, t.value from runs r " +
    "join tags t on t.run_uuid = r.run_uuid and t.key = 'flts.model_type'";

/** A snapshot of a time when MLflow was external has no dump. */
const WITHOUT_DUMP = `if [ ! -e ${DUMP} ]; then echo "the snapshot has no database"; exit 0; fi`;

const DUMP_COMMAND = [
    "pg_dump",
    "--format=custom",
    "--no-owner",
    "--no-privileges",
    // Users and passwords are those of the Secrets; an old dump must not lock everyone out.
    `--exclude-schema=${USERS_SCHEMA}`,
    "--lock-wait-timeout=60s",
    `--file=${DUMP}`,
];

/**
 * Dumps the database that libpq's PG* variables name, as of one moment, while it is in use. A server of another version is
 * refused now, not when its dump is needed: `pg_restore` sets parameters that older servers do not have, and `pg_dump` does
 * not read newer ones.
 */
export function dumpScript(version: PostgresVersion): string {
    return [
        "set -eu",
        "server=$(psql --no-psqlrc --tuples-only --no-align --command='show server_version_num')",
        `if [ "$((server / 10000))" -ne ${version} ]; then`,
        `  echo "the server is PostgreSQL $((server / 10000)), and PostgreSQL ${version} cannot restore dumps into it: set ` +
            "flts:postgres.version to the server's version, or back it up by its own means\" >&2",
        "  exit 1",
        "fi",
        DUMP_COMMAND.join(" "),
    ].join("\n");
}

/** Puts the dump into the database that PG* names, as its owner: all of it or, after any error, nothing. */
export const RESTORE_SCRIPT = [
    "set -eu",
    WITHOUT_DUMP,
    "pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction " +
        `--dbname="$PGDATABASE" ${DUMP}`,
].join("\n");

/**
 * Restores the dump into a server of this pod's own, which only its socket reaches and which is thrown away, and
 * writes down which runs it knows.
 */
export const DRILL_SCRIPT = [
    "set -eu",
    WITHOUT_DUMP,
    `export PGDATA=${SCRATCH_DIRECTORY}/pgdata PGHOST=/tmp PGUSER=drill PGDATABASE=postgres`,
    "initdb --username=drill --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync > /dev/null",
    `pg_ctl start --wait --silent --log=${SCRATCH_DIRECTORY}/postgres.log --options="-c listen_addresses='' ` +
        '-c unix_socket_directories=/tmp -c fsync=off -c shared_buffers=16MB"',
    `pg_restore --no-owner --exit-on-error --dbname=postgres ${DUMP}`,
    `psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --command="\\copy (${RUNS_QUERY}) to '${RUNS}'"`,
    "pg_ctl stop --silent --mode=fast",
].join("\n");
