import type { Connection } from "../../components/core/links";
import type { Platform } from "../../components/core/platform";
import { Gateway, type Certificate, type Route } from "../../components/gateway/gateway";
import { LOGIN_SERVICE_PORT, MlflowLogin } from "../../components/gateway/mlflowLogin";
import { LOAD_BALANCER_PORT } from "../../components/serving/loadBalancer";
import { NO_HOST } from "../settings/ingress";
import type { Settings } from "../settings/schema";
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
        hosts.mlflow === NO_HOST
            ? undefined
            : new MlflowLogin("mlflow-login", {
                  platform,
                  mlflow: mlflow.connection,
                  mlflowUrl: mlflow.trackingUri,
                  login: loginOf(ingress),
                  host: hosts.mlflow,
                  resources: ingress.resources,
              });
    const servers = {
        api: { connection: serving.loadBalancer.connection, servicePort: LOAD_BALANCER_PORT },
        mlflow: login && { connection: login.connection, servicePort: LOGIN_SERVICE_PORT },
        grafana,
    };
    const routes = (["api", "mlflow", "grafana"] as const).flatMap((name) => {
        const server = servers[name];
        return hosts[name] === NO_HOST || server === undefined
            ? []
            : [{ name, host: hosts[name], ...server }];
    });
    const certificate = certificateOf(ingress);
    new Gateway("ingress", {
        platform,
        routes: routes.map(({ host, connection, servicePort }): Route => ({
            host,
            server: connection,
            servicePort,
        })),
        className: ingress.className,
        controllerNamespace: ingress.controllerNamespace,
        certificate,
    });
    const scheme = certificate === undefined ? "http" : "https";
    return {
        urls: Object.fromEntries(routes.map(({ name, host }) => [name, `${scheme}://${host}`])),
        mlflowLoginSecretName: login?.secretName,
    };
}

function certificateOf({ tls }: Settings["ingress"]): Certificate | undefined {
    if (tls.secretName !== undefined) {
        return { from: "secret", secretName: tls.secretName };
    }
    return tls.clusterIssuer === undefined ? undefined : { from: "issuer", clusterIssuer: tls.clusterIssuer };
}

function loginOf({ login }: Settings["ingress"]): ConstructorParameters<typeof MlflowLogin>[1]["login"] {
    return login.mode === "basic"
        ? { mode: "basic", existingSecret: login.existingSecret }
        : {
              mode: "oidc",
              // The schema's contradictions made sure that both are given.
              issuerUrl: login.issuerUrl ?? "",
              clientSecretName: login.existingSecret ?? "",
              emailDomain: login.emailDomain,
          };
}
