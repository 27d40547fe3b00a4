import { createServer, type Server } from "node:https";
import Provider from "oidc-provider";
import type { Certificate } from "../../kafka/support/certificate";
import { listen } from "./tls";

export const CLIENT = { id: "mlflow", secret: "secret of the client" };

/** An OpenID Connect provider that lets in whoever says a mail address, as that person. */
export class OpenIdProvider {
    private constructor(
        private readonly server: Server,
        /** Address, with a port of its own. */
        readonly issuer: string,
    ) {}

    /** @param redirectUrl where the client may let people return to. */
    static async start(certificate: Certificate, redirectUrl: string): Promise<OpenIdProvider> {
        const server = createServer({ cert: certificate.certificate, key: certificate.key });
        const issuer = `https://127.0.0.1:${await listen(server)}`;
        const provider = new Provider(issuer, {
            clients: [
                {
                    client_id: CLIENT.id,
                    client_secret: CLIENT.secret,
                    redirect_uris: [redirectUrl],
                },
            ],
            claims: { openid: ["sub"], email: ["email", "email_verified"] },
            findAccount: (_context, id) => ({
                accountId: id,
                claims: () => ({ sub: id, email: id, email_verified: !id.startsWith("unverified") }),
            }),
            pkce: { required: () => false },
        });
        const answer = provider.callback();
        server.on("request", (request, response) => void answer(request, response));
        return new OpenIdProvider(server, issuer);
    }

    close(): void {
        this.server.close();
        this.server.closeAllConnections();
    }
}
