import { certificateAt, type Entrance } from "../../../components/gateway/entrance";
import type { Certificate } from "../../../components/gateway/route";
import type { PasswordLogin } from "../../../components/gateway/mlflowLogin";
import type { OpenIdLogin } from "../../../components/gateway/openIdLogin";
import type { Peer } from "../../../components/core/links";
import { networks, podsOf } from "../../../components/core/network/networkPolicies";
import type { Report } from "../problems";
import type { GivenSettings } from "../schema";

type Login = PasswordLogin | OpenIdLogin;

/** The way in from outside the cluster, or none. */
export type IngressSettings =
    | { readonly enabled: false }
    | {
          readonly enabled: true;
          readonly entrance: Entrance;
          /** Whether hosts are served by HTTPS. */
          readonly encrypted: boolean;
          /** Where requests come from: pods of the controller, its nodes, or both. */
          readonly controller: readonly Peer[];
          /** Host names of what is reached; undefined for what is not. */
          readonly hosts: { readonly api: string | undefined; readonly grafana: string | undefined };
          /** MLflow is reached through a login alone. */
          readonly mlflow: { readonly host: string; readonly login: Login } | undefined;
          readonly resources: GivenSettings["ingress"]["resources"];
      };

export function ingressOf({ ingress }: GivenSettings, report: Report): IngressSettings | undefined {
    const { enabled, hosts, resources } = ingress;
    if (!enabled) {
        return { enabled };
    }
    const { mlflow: host, api, grafana } = hosts;
    const entrance = entranceOf(ingress, report);
    const controller = controllerOf(ingress, report);
    if (controller === undefined || entrance === undefined) {
        return undefined;
    }
    const encrypted = encryptedBy(entrance, ingress.gateway.https);
    const shared = {
        enabled,
        entrance,
        encrypted,
        controller,
        hosts: { api, grafana },
        resources,
    };
    if (host === undefined) {
        return { ...shared, mlflow: undefined };
    }
    const login = loginOf(ingress.login, encrypted, report);
    return login && { ...shared, mlflow: { host, login } };
}

function entranceOf(
    { kind, className, gateway, tls }: GivenSettings["ingress"],
    report: Report,
): Entrance | undefined {
    const certificate = certificateOf(tls);
    if (kind === "Ingress") {
        return { kind, className, certificate };
    }
    const { name, namespace, sectionName, httpPort, httpsPort } = gateway;
    if (name !== undefined) {
        return { kind, gateway: { from: "existing", name, namespace, sectionName } };
    }
    if (gateway.className !== undefined) {
        const ports = { http: httpPort, https: httpsPort };
        return { kind, gateway: { from: "created", className: gateway.className, ports, certificate } };
    }
    report(
        "ingress.kind",
        kind,
        "needs flts:ingress.gateway.name, a Gateway that exists, or flts:ingress.gateway.className, the class of one " +
            "that the stack makes",
    );
    return undefined;
}

/** @param https whether a Gateway that exists says it serves HTTPS. */
function encryptedBy(entrance: Entrance, https: boolean): boolean {
    if (entrance.kind === "Gateway" && entrance.gateway.from === "existing") {
        return https;
    }
    return certificateAt(entrance) !== undefined;
}

/** Namespace of the controller that most clusters had. */
const USUAL_CONTROLLER = "ingress-nginx";

function controllerOf(
    { controllerNamespace, controllerPodLabels, controllerCidrs }: GivenSettings["ingress"],
    report: Report,
): readonly Peer[] | undefined {
    const onNodesAlone = controllerNamespace === undefined && controllerCidrs.length > 0;
    if (onNodesAlone && Object.keys(controllerPodLabels).length > 0) {
        report(
            "ingress.controllerPodLabels",
            controllerPodLabels,
            "select no pods, since flts:ingress.controllerCidrs alone says where the controller is; " +
                "set flts:ingress.controllerNamespace too, or remove them",
        );
        return undefined;
    }
    return [
        ...(onNodesAlone ? [] : [podsOf(controllerNamespace ?? USUAL_CONTROLLER, controllerPodLabels)]),
        ...networks(controllerCidrs),
    ];
}

function certificateOf({
    secretName,
    clusterIssuer,
}: GivenSettings["ingress"]["tls"]): Certificate | undefined {
    if (secretName !== undefined) {
        return { from: "secret", secretName };
    }
    return clusterIssuer === undefined ? undefined : { from: "issuer", clusterIssuer };
}

function loginOf(
    { mode, issuerUrl, existingSecret, caSecret, emailDomain }: GivenSettings["ingress"]["login"],
    encrypted: boolean,
    report: Report,
): Login | undefined {
    if (mode === "basic") {
        return { mode, existingSecret };
    }
    if (issuerUrl !== undefined && existingSecret !== undefined && encrypted) {
        return { mode, issuerUrl, clientSecretName: existingSecret, caSecretName: caSecret, emailDomain };
    }
    const missing = [
        ...(issuerUrl === undefined ? ["flts:ingress.login.issuerUrl, the provider's address"] : []),
        ...(existingSecret === undefined
            ? ["flts:ingress.login.existingSecret, a Secret with clientId and clientSecret"]
            : []),
        ...(encrypted
            ? []
            : ["flts:ingress.tls, because providers send people back to https addresses only"]),
    ];
    report("ingress.login.mode", mode, `needs ${missing.join("; and ")}`);
    return undefined;
}
