/** Who signs in at a server. */
export interface Login {
    readonly user: string;
    readonly password: string;
}
