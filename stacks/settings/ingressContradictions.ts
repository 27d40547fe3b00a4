import { NO_HOST } from "./ingress";
import { contradiction, type Problem } from "./problems";
import type { Settings } from "./schema";

/** Contradictions of the way in from outside the cluster; what is switched off contradicts nothing. */
export function ingressContradictions(settings: Settings): Problem[] {
    const { ingress } = settings;
    return ingress.enabled ? [...hosts(ingress), ...certificate(ingress), ...login(settings)] : [];
}

function hosts({ hosts: byServer }: Settings["ingress"]): Problem[] {
    const named = Object.entries(byServer).filter(([, host]) => host !== NO_HOST);
    if (named.length === 0) {
        return [
            contradiction(
                "ingress.enabled",
                true,
                "there is no host to route; name one with flts:ingress.hosts, or set it to false",
            ),
        ];
    }
    return named.flatMap(([server, host], index) => {
        const other = named.slice(0, index).find(([, earlier]) => earlier === host)?.[0];
        return other === undefined
            ? []
            : [
                  contradiction(
                      `ingress.hosts.${server}`,
                      host,
                      `is the host of flts:ingress.hosts.${other} too; choose another`,
                  ),
              ];
    });
}

function certificate({ tls }: Settings["ingress"]): Problem[] {
    return tls.secretName !== undefined && tls.clusterIssuer !== undefined
        ? [
              contradiction(
                  "ingress.tls.secretName",
                  tls.secretName,
                  "cert-manager makes a Secret of its own for flts:ingress.tls.clusterIssuer; remove one of the two",
              ),
          ]
        : [];
}

function login({ ingress, mlflow, layers }: Settings): Problem[] {
    const { hosts: byServer, tls, login } = ingress;
    const host = byServer.mlflow;
    if (host === NO_HOST) {
        return [];
    }
    if (!layers.includes("infrastructure") || mlflow.external.trackingUri !== undefined) {
        return [
            contradiction(
                "ingress.hosts.mlflow",
                host,
                `this stack does not run MLflow, which must know the host; set it to ${NO_HOST}`,
            ),
        ];
    }
    const way = mlflow.service.type;
    const encrypted = tls.secretName !== undefined || tls.clusterIssuer !== undefined;
    const needs = {
        "flts:ingress.login.issuerUrl, the provider's address": login.issuerUrl !== undefined,
        "flts:ingress.login.existingSecret, a Secret with clientId and clientSecret":
            login.existingSecret !== undefined,
        "flts:ingress.tls, because providers send people back to https addresses only": encrypted,
    };
    const missing = Object.keys(needs).filter((need) => !needs[need as keyof typeof needs]);
    return [
        ...(way === "ClusterIP"
            ? []
            : [
                  contradiction(
                      "mlflow.service.type",
                      way,
                      "leads around the login at flts:ingress.hosts.mlflow; set it to ClusterIP, or that host to none",
                  ),
              ]),
        ...(login.mode === "oidc" && missing.length > 0
            ? [contradiction("ingress.login.mode", login.mode, `needs ${missing.join("; and ")}`)]
            : []),
        ...(login.mode === "basic" && login.issuerUrl !== undefined
            ? [
                  contradiction(
                      "ingress.login.issuerUrl",
                      login.issuerUrl,
                      "is of no use with a password; set flts:ingress.login.mode to oidc, or remove it",
                  ),
              ]
            : []),
    ];
}
