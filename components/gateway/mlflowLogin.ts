import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { configurationAnnotations, type Configuration } from "../core/pod/configuration";
import { credentialsAnnotation, generatedLogin } from "../core/data/credentials";
import { deployment, type DeploymentArgs } from "../core/pod/deployment";
import { outside, portOf, type Connection } from "../core/links";
import type { Platform } from "../core/platform";
import { container, type Resources } from "../core/pod/pod";
import { HAPROXY_USER } from "../core/pod/podSecurity";
import { Tier } from "../core/tier";
import { OAUTH2_PROXY_USER, openIdLoginContainer, type OpenIdLogin } from "./openIdLogin";
import {
    ADMITTED_PORT,
    admittedConfig,
    LOGIN_CONFIG_DIRECTORY,
    LOGIN_PORT,
    passwordLoginConfig,
    passwordLoginContainer,
} from "./passwordLogin";

/** Port of the Service. */
export const LOGIN_SERVICE_PORT = 80;
/** Name of the generated user. */
const USER = "mlflow";

/** People give a user name and a password. */
export interface PasswordLogin {
    readonly mode: "basic";
    /** Secret with the keys `username` and `password`; one is generated when undefined. */
    readonly existingSecret: string | undefined;
}

export interface MlflowLoginArgs {
    readonly platform: Platform;
    readonly mlflow: Connection;
    /** Address of the tracking server inside the cluster. */
    readonly mlflowUrl: string;
    /** Secret with the key `authorization`, which logs in to MLflow whoever was let in here. */
    readonly mlflowSecretName: string;
    readonly login: PasswordLogin | OpenIdLogin;
    /** Host name under which people come. */
    readonly host: string;
    readonly resources: Resources;
}

type Pods = Pick<DeploymentArgs, "user" | "container" | "initContainers" | "annotations" | "volumes">;

/**
 * Authenticates people before they reach MLflow, with the password or the provider in the Ingress' settings, and logs
 * them in to MLflow as its administrator.
 *
 * A tier and not annotations of the Ingress: each controller has its own annotations, and a controller that does not
 * know them admits everyone.
 */
export class MlflowLogin extends Tier {
    /** What an Ingress sends people to. */
    public readonly connection: Connection;
    /** Secret with `username` and `password`; undefined where a provider asks people. */
    public readonly secretName: string | undefined;

    public constructor(name: string, args: MlflowLoginArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gateway:MlflowLogin", name, args.platform, opts);
        const { login } = args;
        this.link([args.mlflow, ...(login.mode === "oidc" ? [outside(portOf(login.issuerUrl))] : [])]);
        const service = new kubernetes.core.v1.Service(
            name,
            {
                metadata: this.metadata(name),
                spec: {
                    selector: { ...this.podLabels },
                    ports: [{ name: "http", port: LOGIN_SERVICE_PORT, targetPort: "http" }],
                },
            },
            this.child(),
        );
        if (login.mode === "basic") {
            this.secretName = login.existingSecret ?? name;
        }
        const pods = login.mode === "basic" ? this.passwordPods(args, login) : this.openIdPods(args, login);
        new kubernetes.apps.v1.Deployment(
            name,
            deployment(this.metadata(name), {
                ...this.pods,
                ...pods,
                strategy: "RollingUpdate",
                replicas: 1,
            }),
            this.child({ dependsOn: [...args.mlflow.requires] }),
        );
        this.connection = this.connectionAt(LOGIN_PORT, [service]);
        this.registerOutputs({ service: name });
    }

    private passwordPods(args: MlflowLoginArgs, login: PasswordLogin): Pods {
        const { platform, tierName: name } = this;
        if (login.existingSecret === undefined) {
            generatedLogin(name, name, platform, this, (password) => ({ username: USER, password }));
        }
        const configuration = this.haproxyConfiguration(passwordLoginConfig(new URL(args.mlflowUrl).host));
        return {
            user: HAPROXY_USER,
            annotations: {
                ...credentialsAnnotation(platform.credentialsEpoch),
                ...configurationAnnotations(configuration),
            },
            container: passwordLoginContainer(
                platform.images,
                login.existingSecret ?? name,
                args.mlflowSecretName,
                args.resources,
                configuration.mount,
            ),
            volumes: [configuration.volume],
        };
    }

    private openIdPods(args: MlflowLoginArgs, login: OpenIdLogin): Pods {
        const { platform, tierName: name } = this;
        // As long as a key of AES-256 in bytes.
        generatedLogin(name, name, platform, this, (cookieSecret) => ({ cookieSecret }));
        const configuration = this.haproxyConfiguration(admittedConfig(new URL(args.mlflowUrl).host));
        const admitted = passwordLoginContainer(
            platform.images,
            undefined,
            args.mlflowSecretName,
            args.resources,
            configuration.mount,
        );
        return {
            user: OAUTH2_PROXY_USER,
            annotations: {
                ...credentialsAnnotation(platform.credentialsEpoch),
                ...configurationAnnotations(configuration),
            },
            // A sidecar: oauth2-proxy hands on who came, but cannot log in as one user.
            initContainers: [{ ...container(admitted), restartPolicy: "Always" }],
            volumes: [configuration.volume],
            container: openIdLoginContainer({
                images: platform.images,
                login,
                host: args.host,
                upstream: `http://127.0.0.1:${ADMITTED_PORT}`,
                cookieSecretName: name,
                resources: args.resources,
            }),
        };
    }

    private haproxyConfiguration(config: string): Configuration {
        return this.configurationFiles(LOGIN_CONFIG_DIRECTORY, { "haproxy.cfg": config });
    }
}
