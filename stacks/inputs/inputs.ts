/** What the program needs beside its settings. */
export interface Inputs {
    /** Archive of MinIO's chart, from the project's root. */
    readonly chart: string;
    /** Files of the dataset that version 0.1.0 kept in the stack's state; none for any other stack. */
    readonly formerFiles: readonly string[];
}
