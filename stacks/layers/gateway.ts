import type { Connection } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { Gateway } from "../../components/gateway/gateway";
import { LOGIN_SERVICE_PORT, MlflowLogin } from "../../components/gateway/mlflowLogin";
import { LOAD_BALANCER_PORT } from "../../components/serving/loadBalancer";
import type { Settings } from "../settings/parsed/settings";
import type { Infrastructure } from "./providedInfrastructure";
import type { Serving } from "./serving";

/** What people reach from outside the cluster. */
export interface Ingress {
    /** Addresses, by what is there. */
    readonly urls: { readonly api?: string; readonly mlflow?: string; readonly grafana?: string };
    /** Secret with the user and the password of MLflow's login; undefined where there is none. */
    readonly mlflowLoginSecretName: string | undefined;
}

/** A server that an Ingress can lead to. */
export interface Reachable {
    readonly connection: Connection;
    readonly servicePort: number;
}

/**
 * The Ingress, with a login before MLflow; undefined when it is switched off, or the API is elsewhere.
 *
 * @param grafana undefined where it is not deployed.
 */
export function deployGateway(
    { ingress }: Settings,
    platform: Platform,
    { mlflow }: Infrastructure,
    serving: Serving | undefined,
    grafana?: Reachable,
): Ingress | undefined {
    if (!ingress.enabled || serving === undefined) {
        return undefined;
    }
    const { hosts } = ingress;
    const login =
        ingress.mlflow &&
        mlflow.logins &&
        new MlflowLogin("mlflow-login", {
            platform,
            mlflow: mlflow.connection,
            mlflowUrl: mlflow.trackingUri,
            mlflowSecretName: mlflow.logins.admin,
            ...ingress.mlflow,
            resources: ingress.resources,
        });
    const routes = [
        route("api", hosts.api, {
            connection: serving.loadBalancer.connection,
            servicePort: LOAD_BALANCER_PORT,
        }),
        route(
            "mlflow",
            ingress.mlflow?.host,
            login && { connection: login.connection, servicePort: LOGIN_SERVICE_PORT },
        ),
        route("grafana", hosts.grafana, grafana),
    ].flat();
    new Gateway("ingress", {
        platform,
        routes: routes.map(({ name, host, connection, servicePort }) => ({
            name,
            host,
            server: connection,
            servicePort,
        })),
        entrance: ingress.entrance,
        controller: ingress.controller,
    });
    const scheme = ingress.encrypted ? "https" : "http";
    return {
        urls: Object.fromEntries(routes.map(({ name, host }) => [name, `${scheme}://${host}`])),
        mlflowLoginSecretName: login?.secretName,
    };
}

/** The way to a server that has a host and is deployed here; none for any other. */
function route<Name extends keyof Ingress["urls"]>(
    name: Name,
    host: string | undefined,
    server: Reachable | undefined,
): readonly ({ readonly name: Name; readonly host: string } & Reachable)[] {
    return host === undefined || server === undefined ? [] : [{ name, host, ...server }];
}
