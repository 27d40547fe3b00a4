import { environment, fromSecret, plain } from "../core/pod/environment";
import { fileFromSecret } from "../core/pod/secretFiles";
import type { Images } from "../core/pod/images";
import type { ContainerArgs, Resources } from "../core/pod/pod";
import { httpCheck, probes } from "../core/pod/probes";
import { LOGIN_PORT } from "./passwordLogin";

/** User of the official image (distroless `nonroot`). */
export const OAUTH2_PROXY_USER = 65532;

/** People log in at an OpenID Connect provider. */
export interface OpenIdLogin {
    readonly mode: "oidc";
    /** Address of the provider, as in its discovery document. */
    readonly issuerUrl: string;
    /** Secret with the keys `clientId` and `clientSecret` of the client that the provider knows this login as. */
    readonly clientSecretName: string;
    /** Secret with `ca.crt`, the authorities that sign the provider's certificate; undefined: those that the image trusts. */
    readonly caSecretName: string | undefined;
    /** Domain of the mail addresses that are admitted; `*` admits every account of the provider. */
    readonly emailDomain: string;
}

export interface OpenIdContainerArgs {
    readonly images: Images;
    readonly login: OpenIdLogin;
    /** Host name under which people come. */
    readonly host: string;
    /** Address of what is protected. */
    readonly upstream: string;
    /** Secret with the key `cookieSecret`: 32 characters that encrypt the sessions' cookies. */
    readonly cookieSecretName: string;
    readonly resources: Resources;
}

/**
 * Container of oauth2-proxy, which sends people to the provider and keeps their session in a cookie.
 *
 * Reference: https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview
 */
export function openIdLoginContainer(args: OpenIdContainerArgs): ContainerArgs {
    const { login } = args;
    const alive = httpCheck("/ping");
    return {
        name: "oauth2-proxy",
        image: args.images.reference("oauth2-proxy"),
        command: ["/bin/oauth2-proxy"],
        environment: environment(
            fromSecret(login.clientSecretName, {
                OAUTH2_PROXY_CLIENT_ID: "clientId",
                OAUTH2_PROXY_CLIENT_SECRET: "clientSecret",
            }),
            fromSecret(args.cookieSecretName, { OAUTH2_PROXY_COOKIE_SECRET: "cookieSecret" }),
            plain({
                OAUTH2_PROXY_PROVIDER: "oidc",
                OAUTH2_PROXY_OIDC_ISSUER_URL: login.issuerUrl,
                OAUTH2_PROXY_EMAIL_DOMAINS: login.emailDomain,
                OAUTH2_PROXY_REDIRECT_URL: `https://${args.host}/oauth2/callback`,
                OAUTH2_PROXY_UPSTREAMS: args.upstream,
                OAUTH2_PROXY_HTTP_ADDRESS: `:${LOGIN_PORT}`,
                // The Ingress controller ends TLS and says so in X-Forwarded-*.
                OAUTH2_PROXY_REVERSE_PROXY: true,
                OAUTH2_PROXY_COOKIE_SECURE: true,
                OAUTH2_PROXY_SKIP_PROVIDER_BUTTON: true,
                // Who logs out may be sent on to the provider, to log out there as well.
                OAUTH2_PROXY_WHITELIST_DOMAINS: new URL(login.issuerUrl).host,
            }),
            login.caSecretName === undefined
                ? []
                : fileFromSecret(login.caSecretName, { OAUTH2_PROXY_PROVIDER_CA_FILES: "ca.crt" }),
        ),
        ports: { http: LOGIN_PORT },
        resources: args.resources,
        probes: probes({ startup: alive, readiness: httpCheck("/ready"), liveness: alive }),
    };
}
