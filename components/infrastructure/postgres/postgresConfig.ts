import type { ImageName } from "../../core/pod/images";

/** Port of the server. */
export const POSTGRES_PORT = 5432;
/** User of the official image (`postgres`); `initdb` refuses one without a name. */
export const POSTGRES_USER = 999;
/** The server's superuser. */
export const SUPERUSER = "postgres";
/** Major versions of the server, the newest first. Files of one are of no use to another. */
export const POSTGRES_VERSIONS = ["17", "15"] as const;
export type PostgresVersion = (typeof POSTGRES_VERSIONS)[number];
/** Images of server and programs, by major version. */
export const POSTGRES_IMAGES = {
    "17": "postgres",
    "15": "postgres-15",
} as const satisfies Record<PostgresVersion, ImageName>;
/** Where the cluster's files are. A folder of the volume, because a volume's root may hold `lost+found`. */
export const DATA_DIRECTORY = "/var/lib/postgresql/data/pgdata";
/** Where the superuser's Secret is mounted. */
export const CREDENTIALS_DIRECTORY = "/run/credentials";
/** Where the configuration is mounted. */
export const CONFIG_DIRECTORY = "/etc/postgresql-flts";

/**
 * Every connection needs a password, the ones over the loopback interface too: a port-forward arrives there.
 *
 * Format: https://www.postgresql.org/docs/17/auth-pg-hba-conf.html
 */
export const HOST_BASED_AUTHENTICATION = "host all all all scram-sha-256\n";

/** Format of a server's files, as the guard compares it with what is deployed. */
export function postgresFormat(version: PostgresVersion): string {
    return `postgres-${version}`;
}

/**
 * Makes the database cluster once, then sets the superuser's password to what the Secret says, at every start.
 *
 * So a rotated password needs no running server and no old password, and a volume that outlived its stack is
 * taken over by the next one. `initdb` works beside its final place and is moved there whole: an interrupted one
 * leaves nothing that looks finished. Files of another major version are left alone and refused, with the procedure.
 */
export function prepareScript(version: PostgresVersion): string {
    return [
        "set -eu",
        `data=${DATA_DIRECTORY}`,
        `password_file=${CREDENTIALS_DIRECTORY}/password`,
        'if [ ! -s "$data/PG_VERSION" ]; then',
        '  rm -rf "$data.new"',
        `  initdb --pgdata="$data.new" --username=${SUPERUSER} --pwfile="$password_file" ` +
            "--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums",
        '  mv "$data.new" "$data"',
        "fi",
        'found=$(cat "$data/PG_VERSION")',
        `if [ "$found" != ${version} ]; then`,
        `  echo "the volume holds files of PostgreSQL $found, which PostgreSQL ${version} does not read: set ` +
            "flts:postgres.version to $found, or follow 'Another major version of PostgreSQL' in docs/upgrades.md; " +
            'nothing was changed" >&2',
        "  exit 1",
        "fi",
        // Quotes are doubled as SQL wants them; the statement goes through a pipe and never through arguments.
        `sed "s/'/''/g; s/^/ALTER ROLE ${SUPERUSER} PASSWORD '/; s/\\$/';/" "$password_file" | ` +
            `postgres --single -D "$data" -c unix_socket_directories=/tmp ${SUPERUSER} > /dev/null`,
    ].join("\n");
}

/** Starts the server in the foreground with settings that do not depend on the image. */
export function serverCommand(): string[] {
    const settings: Record<string, string> = {
        listen_addresses: "*",
        port: String(POSTGRES_PORT),
        unix_socket_directories: "/tmp",
        hba_file: `${CONFIG_DIRECTORY}/pg_hba.conf`,
        logging_collector: "off",
        log_destination: "stderr",
    };
    return [
        "postgres",
        "-D",
        DATA_DIRECTORY,
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ];
}
