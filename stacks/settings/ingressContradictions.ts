import { contradiction, type Problem } from "./problems";
import type { GivenSettings } from "./schema";

/** Contradictions of the way in from outside the cluster; what is switched off contradicts nothing. */
export function ingressContradictions(settings: GivenSettings): Problem[] {
    const { ingress } = settings;
    return ingress.enabled
        ? [...hosts(ingress), ...certificate(ingress), ...entrance(ingress), ...login(settings)]
        : [];
}

function hosts({ hosts: byServer }: GivenSettings["ingress"]): Problem[] {
    const named = Object.entries(byServer).filter(([, host]) => host !== undefined);
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

function certificate({ tls }: GivenSettings["ingress"]): Problem[] {
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

/** Settings of another kind of entrance than the chosen one. */
function entrance({ kind, className, gateway, tls }: GivenSettings["ingress"]): Problem[] {
    const { name, namespace, sectionName } = gateway;
    const existing = { name, namespace, sectionName };
    if (kind === "Ingress") {
        return refused(
            "ingress.gateway",
            { ...existing, className: gateway.className },
            "is of no use to an Ingress; set flts:ingress.kind to Gateway, or remove it",
        );
    }
    return [
        ...refused(
            "ingress",
            { className },
            "is the class of an Ingress; a Gateway's is flts:ingress.gateway.className",
        ),
        ...(name === undefined
            ? refused(
                  "ingress.gateway",
                  existing,
                  "is of a Gateway that exists; set flts:ingress.gateway.name too, or remove it",
              )
            : [
                  ...refused(
                      "ingress.gateway",
                      { className: gateway.className },
                      `would make a Gateway beside flts:ingress.gateway.name ("${name}"); remove one of the two`,
                  ),
                  ...refused(
                      "ingress.tls",
                      tls,
                      "is of no use at a Gateway that exists, whose listeners have certificates of their own; remove it",
                  ),
              ]),
    ];
}

/** A problem for each of these settings that is given. */
function refused(group: string, settings: Readonly<Record<string, unknown>>, reason: string): Problem[] {
    return Object.entries(settings)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => contradiction(`${group}.${key}`, value, reason));
}

function login({ ingress, mlflow, layers }: GivenSettings): Problem[] {
    const { hosts: byServer, login } = ingress;
    const host = byServer.mlflow;
    if (host === undefined) {
        return [];
    }
    if (!layers.includes("infrastructure") || mlflow.external.trackingUri !== undefined) {
        return [
            contradiction(
                "ingress.hosts.mlflow",
                host,
                "this stack does not run MLflow, which must know the host; remove it",
            ),
        ];
    }
    const way = mlflow.service.type;
    return [
        ...(way === "ClusterIP"
            ? []
            : [
                  contradiction(
                      "mlflow.service.type",
                      way,
                      "bypasses the login at flts:ingress.hosts.mlflow; set it to ClusterIP, or remove that host",
                  ),
              ]),
        ...(["issuerUrl", "caSecret"] as const).flatMap((name) => {
            const value = login[name];
            return login.mode === "basic" && value !== undefined
                ? [
                      contradiction(
                          `ingress.login.${name}`,
                          value,
                          "is of no use with a password; set flts:ingress.login.mode to oidc, or remove it",
                      ),
                  ]
                : [];
        }),
    ];
}
