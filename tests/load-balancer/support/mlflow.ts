import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { writeFileSync } from "node:fs";
import { python } from "../../kafka/support/services";

const SERVICES = resolve(__dirname, "../../../services");

/** Installs the packages of the services' tests, unless they are there. */
export function installPythonPackages(): void {
    const { status, stderr } = spawnSync("bash", ["-c", ". ./test-environment.sh"], {
        cwd: SERVICES,
        encoding: "utf8",
    });
    if (status !== 0) {
        throw new Error(`services/test-environment.sh ended with ${String(status)}:\n${stderr}`);
    }
}

/** Starts MLflow's server with its basic-auth app, whose administrator has this password. */
export function startMlflow(
    directory: string,
    port: number,
    password: string,
    allowedHosts: readonly string[],
): ChildProcess {
    const configuration = join(directory, "auth.ini");
    writeFileSync(
        configuration,
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\nadmin_username = admin\n" +
            `database_uri = sqlite:///${directory}/auth.db\n` +
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
    );
    return spawn(
        python(),
        [
            ...["-m", "mlflow", "server", "--app-name", "basic-auth", "--workers", "1"],
            ...["--host", "127.0.0.1", "--port", String(port), "--allowed-hosts", allowedHosts.join(",")],
            ...["--backend-store-uri", `sqlite:///${directory}/runs.db`],
            ...["--artifacts-destination", join(directory, "files")],
        ],
        {
            env: {
                PATH: process.env.PATH,
                HOME: directory,
                MLFLOW_AUTH_CONFIG_PATH: configuration,
                MLFLOW_AUTH_ADMIN_PASSWORD: password,
                MLFLOW_FLASK_SERVER_SECRET_KEY: password,
                MLFLOW_DISABLE_TELEMETRY: "true",
                MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
            },
            stdio: "ignore",
        },
    );
}
