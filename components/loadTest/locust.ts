import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { LOAD_TEST_NAME } from "../contract";
import { deployment } from "../core/pod/deployment";
import { environment, plain } from "../core/pod/environment";
import type { Exposure } from "../core/network/exposure";
import { selectorLabels } from "../core/labels";
import type { Connection } from "../core/links";
import type { Platform } from "../core/platform";
import type { ContainerArgs, Resources } from "../core/pod/pod";
import { commandCheck, httpCheck, probes } from "../core/pod/probes";
import { disruptionBudget } from "../core/pod/disruptionBudget";
import { Tier } from "../core/tier";
import { loadTestJob, RUN_COMPONENT, type Limits } from "./loadTestJob";

/** Port of the web interface. */
export const LOCUST_WEB_PORT = 8089;
/** Port on which the master waits for workers. */
const MASTER_PORT = 5557;

/** Type of the component in the states of 0.1.0; what it contains is found again under it. */
const TYPE_BEFORE_0_2 = "flts:loadtest:Locust";

/** How much load, and for how long. */
export interface Load {
    /** Users at a time; each waits one to two seconds between two requests. */
    readonly users: number;
    /** Users that begin a second. */
    readonly spawnRate: number;
    readonly durationSeconds: number;
}

export interface LocustArgs {
    readonly platform: Platform;
    /** What is put under load; its environment has the address as `LOCUST_HOST`. */
    readonly target: Connection;
    readonly workers: number;
    readonly load: Load;
    readonly limits: Limits;
    readonly service: Exposure;
    /** Of each pod. */
    readonly resources: Resources;
}

/**
 * Locust: a master with the web interface, workers that make the load, and a suspended CronJob from which
 * `make load-test` creates Jobs that compare the forecast API with the limits.
 */
export class Locust extends Tier {
    public constructor(name: string, args: LocustArgs, opts?: pulumi.ComponentResourceOptions) {
        super("loadTest:Locust", name, args.platform, { ...opts, aliases: [{ type: TYPE_BEFORE_0_2 }] });
        const master = `${name}-master`;
        const worker = `${name}-worker`;
        this.link([
            args.target,
            {
                server: name,
                serverLabels: selectorLabels(this.identity("master")),
                ports: [MASTER_PORT],
                environment: [],
                requires: [],
            },
        ]);
        this.services(master, args.service);
        // Locust reads its own options from LOCUST_*; they are what the web interface proposes.
        const options = environment(
            args.target.environment,
            plain({
                HOME: "/tmp",
                LOCUST_LOCUSTFILE: "flts/load_test/users.py",
                LOCUST_USERS: args.load.users,
                LOCUST_SPAWN_RATE: args.load.spawnRate,
                LOCUST_RUN_TIME: `${args.load.durationSeconds}s`,
            }),
        );
        this.deployment("master", 1, this.masterContainer(args, options));
        this.deployment("worker", args.workers, this.workerContainer(args, options, master));
        disruptionBudget(
            worker,
            this.metadata(worker, "worker"),
            selectorLabels(this.identity("worker")),
            args.workers,
            this.child(),
        );
        new kubernetes.batch.v1.CronJob(
            LOAD_TEST_NAME,
            {
                metadata: this.metadata(LOAD_TEST_NAME, RUN_COMPONENT),
                spec: loadTestJob({
                    labels: selectorLabels(this.identity(RUN_COMPONENT)),
                    serviceAccountName: this.serviceAccount.metadata.name,
                    image: args.platform.images.reference("locust"),
                    environment: options,
                    durationSeconds: args.load.durationSeconds,
                    limits: args.limits,
                    resources: args.resources,
                }),
            },
            this.child(),
        );
        this.registerOutputs({ service: name });
    }

    /** People look for `locust`; workers need a name of their own, which no exposure of the other one publishes. */
    private services(master: string, exposure: Exposure): void {
        const labels = selectorLabels(this.identity("master"));
        this.expose(exposure, { service: LOCUST_WEB_PORT, container: LOCUST_WEB_PORT }, labels);
        new kubernetes.core.v1.Service(
            master,
            {
                metadata: this.metadata(master, "master"),
                spec: { selector: { ...labels }, ports: [{ name: "workers", port: MASTER_PORT }] },
            },
            this.child(),
        );
    }

    private deployment(component: "master" | "worker", replicas: number, container: ContainerArgs): void {
        const name = `${this.tierName}-${component}`;
        new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name, component), {
                labels: selectorLabels(this.identity(component)),
                serviceAccountName: this.serviceAccount.metadata.name,
                // A second master would take half of the workers.
                strategy: component === "master" ? "Recreate" : "RollingUpdate",
                replicas,
                container,
            }),
            this.child(),
        );
    }

    private masterContainer(args: LocustArgs, options: ContainerArgs["environment"] = []): ContainerArgs {
        const answers = httpCheck("/");
        return {
            name: "master",
            image: args.platform.images.reference("locust"),
            command: ["python", "-m", "locust", "--master"],
            environment: options,
            ports: { http: LOCUST_WEB_PORT, workers: MASTER_PORT },
            resources: args.resources,
            probes: probes({ startup: answers, readiness: answers, liveness: answers }),
        };
    }

    private workerContainer(
        args: LocustArgs,
        options: ContainerArgs["environment"] = [],
        master: string,
    ): ContainerArgs {
        // A worker has no port. It is well as long as it has a connection (state 01) to its master's.
        const port = MASTER_PORT.toString(16).toUpperCase();
        const connected = commandCheck(["grep", "-qs", `:${port} 01 `, "/proc/net/tcp", "/proc/net/tcp6"]);
        return {
            name: "worker",
            image: args.platform.images.reference("locust"),
            command: ["python", "-m", "locust", "--worker", `--master-host=${master}`],
            environment: options,
            resources: args.resources,
            probes: probes({ startup: connected, readiness: connected, liveness: connected }),
        };
    }
}
