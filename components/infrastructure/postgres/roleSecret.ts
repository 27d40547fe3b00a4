/** End of the names of Secrets with the login of a service in PostgreSQL; the service's name precedes it. */
export const ROLE_SECRET_SUFFIX = "-postgres";
