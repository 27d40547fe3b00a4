/** End of the names of Secrets with the login of a service in PostgreSQL. */
export const ROLE_SECRET_SUFFIX = "-postgres";

/** Name of the Secret with the login of a service in PostgreSQL. */
export function roleSecretName(service: string): string {
    return `${service}${ROLE_SECRET_SUFFIX}`;
}
