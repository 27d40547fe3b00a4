import { z } from "zod";
import {
    boolean,
    choice,
    cidrs,
    integer,
    LABEL,
    LABEL_SHAPE,
    optionalText,
    resources,
    secretName,
    selector,
    text,
} from "./fields";

/** RFC 1123 name with at least one dot, in lower case as an Ingress demands it. */
const HOSTNAME = /^(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const host = (what: string) =>
    optionalText(
        `Host name of ${what}; when empty, it has no route`,
        HOSTNAME,
        "a host name in lower case with a dot, or empty",
    );

/** RFC 1123 subdomain, as names of most objects. */
const NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_SHAPE = "lower-case letters, digits, inner hyphens and dots";

/** Settings of the way in from outside the cluster. */
export const ingress = z
    .strictObject({
        enabled: boolean("Route hosts to the stack; the cluster must have a controller for it", false),
        kind: choice(
            "Kind of routing: an Ingress, or HTTPRoutes at a Gateway, for which the cluster needs the Gateway API",
            ["Ingress", "Gateway"],
            "Ingress",
            "Gateway",
        ),
        gateway: z
            .strictObject({
                name: optionalText(
                    "Existing Gateway to which the routes are attached; its owner configures its certificates",
                    NAME,
                    NAME_SHAPE,
                    "shared",
                ),
                namespace: optionalText(
                    "Namespace of the existing Gateway; the stack's own when empty",
                    LABEL,
                    LABEL_SHAPE,
                    "gateways",
                ),
                sectionName: optionalText(
                    "Its listener; any that serves the hosts when empty",
                    NAME,
                    NAME_SHAPE,
                    "https",
                ),
                https: boolean("Whether the existing Gateway serves the hosts by HTTPS", true),
                className: optionalText(
                    "Instead of a name: GatewayClass of a Gateway that the stack creates, with flts:ingress.tls",
                    NAME,
                    NAME_SHAPE,
                    "traefik",
                ),
                httpPort: integer("Port for HTTP of the Gateway that the stack creates", 80, 1, 65535),
                httpsPort: integer("Port for HTTPS of the Gateway that the stack creates", 443, 1, 65535),
            })
            .prefault({}),
        className: optionalText(
            "Class of the Ingress; the cluster's default class when empty",
            LABEL,
            LABEL_SHAPE,
        ),
        controllerNamespace: optionalText(
            "Namespace of the Ingress controller, which NetworkPolicies admit; ingress-nginx when controllerCidrs is empty too",
            LABEL,
            LABEL_SHAPE,
            "traefik",
        ),
        controllerPodLabels: selector(
            "Labels of the controller's pods; all pods of its namespace when empty",
            {
                "app.kubernetes.io/name": "traefik",
            },
        ),
        controllerCidrs: cidrs(
            "Networks of a controller whose pods have no addresses of their own: those of its nodes (hostNetwork)",
        ),
        hosts: z
            .strictObject({
                api: host("the forecast API"),
                mlflow: host("MLflow"),
                grafana: host("Grafana"),
            })
            .prefault({}),
        tls: z
            .strictObject({
                secretName: secretName("TLS Secret with a certificate for all hosts"),
                clusterIssuer: optionalText(
                    "ClusterIssuer of cert-manager that gives the certificate",
                    LABEL,
                    LABEL_SHAPE,
                ),
            })
            .prefault({}),
        login: z
            .strictObject({
                mode: choice(
                    "How users log in before MLflow: with a password, or at an OpenID Connect provider",
                    ["basic", "oidc"],
                    "basic",
                ),
                existingSecret: secretName(
                    "Secret with username and password, or for oidc clientId and clientSecret; " +
                        "a password is generated when empty",
                ),
                issuerUrl: optionalText(
                    "Address of the OpenID Connect provider",
                    /^https:\/\/\S+$/,
                    "an address that starts with https://",
                ),
                caSecret: secretName(
                    "Secret with `ca.crt`, the certificates in PEM that sign the provider's; those that the image trusts when empty",
                ),
                emailDomain: text(
                    "Domain of the email addresses of admitted users, or * for any",
                    "*",
                    /^(\*|[A-Za-z0-9][-A-Za-z0-9.]*)$/,
                    "a domain, or *",
                ),
            })
            .prefault({}),
        resources: resources(["mlflow-login"], ["25m", "64Mi"], ["500m", "128Mi"]),
    })
    .prefault({});
