import type { Risk } from "./acknowledge";
import { contradiction, type Problem } from "./problems";
import type { GivenSettings } from "./schema";

/** What a production stack may not have by omission: each is set, or acknowledged by name. */
export function productionProblems(settings: GivenSettings): Problem[] {
    return settings.production
        ? [
              ...backupTarget(settings),
              ...alertReceiver(settings),
              ...plainServices(settings),
              ...emailDomain(settings),
          ]
        : [];
}

function risk(
    { acknowledge: taken }: GivenSettings,
    name: Risk,
    key: string,
    value: unknown,
    reason: string,
): Problem[] {
    return taken.includes(name)
        ? []
        : [contradiction(key, value, `${reason}, or acknowledge it: flts:acknowledge: [${name}]`)];
}

function backupTarget(settings: GivenSettings): Problem[] {
    const { layers, backup } = settings;
    const missing = !backup.enabled || backup.target.endpoint === undefined;
    return layers.includes("infrastructure") && missing
        ? risk(
              settings,
              "noBackupTarget",
              backup.enabled ? "backup.target" : "backup.enabled",
              backup.enabled ? null : false,
              "no backup survives the loss of the cluster; name an S3 bucket elsewhere with flts:backup.target " +
                  "(endpoint, bucket, existingSecret)",
          )
        : [];
}

function alertReceiver(settings: GivenSettings): Problem[] {
    const { layers, monitoring } = settings;
    return layers.includes("monitoring") && monitoring.webhook.existingSecret === undefined
        ? risk(
              settings,
              "noAlertReceiver",
              "monitoring.webhook.existingSecret",
              null,
              "alerts reach nobody; name a Secret with the receiver's address",
          )
        : [];
}

/** Services that lead around the Ingress, and so around its certificate and logins. */
function plainServices(settings: GivenSettings): Problem[] {
    const { ingress, layers } = settings;
    const has = (layer: GivenSettings["layers"][number]): boolean => layers.includes(layer);
    const services = {
        ...(has("serving") ? { "loadBalancer.service": settings.loadBalancer.service } : {}),
        ...(has("infrastructure") ? { "objectStore.console": settings.objectStore.console } : {}),
        ...(has("monitoring")
            ? {
                  "monitoring.service": settings.monitoring.service,
                  "monitoring.grafana.service": settings.monitoring.grafana.service,
                  "monitoring.logs.service": settings.monitoring.logs.service,
              }
            : {}),
    };
    return ingress.enabled
        ? Object.entries(services).flatMap(([key, { type }]) =>
              type === "ClusterIP"
                  ? []
                  : risk(
                        settings,
                        "plainLoadBalancer",
                        `${key}.type`,
                        type,
                        "answers without TLS beside the Ingress; set it to ClusterIP",
                    ),
          )
        : [];
}

function emailDomain(settings: GivenSettings): Problem[] {
    const { enabled, hosts, login } = settings.ingress;
    return enabled && hosts.mlflow !== undefined && login.mode === "oidc" && login.emailDomain === "*"
        ? risk(
              settings,
              "anyEmailDomain",
              "ingress.login.emailDomain",
              login.emailDomain,
              "admits everyone who has an account at the provider; name your domain",
          )
        : [];
}
