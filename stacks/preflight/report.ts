import { error, refusal, type Finding } from "./finding";

/** Collects all problems for one report, and creates nothing while there is one. */
export class Report {
    /** Fulfilled if there is no error. Otherwise it never is, so what waits for it is not created. */
    public readonly passed: Promise<void>;
    private readonly findings: Finding[] = [];
    private pass: () => void = () => undefined;

    public constructor() {
        this.passed = new Promise((resolve) => {
            this.pass = resolve;
        });
    }

    public add(findings: readonly Finding[]): void {
        this.findings.push(...findings);
    }

    /** The result of a step; undefined, with a finding, where it failed. */
    public async collect<T>(step: () => Promise<T>): Promise<T | undefined> {
        try {
            return await step();
        } catch (failure) {
            const message = failure instanceof Error ? failure.message : String(failure);
            this.findings.push(error(message.replaceAll("\n", "\n    ")));
            return undefined;
        }
    }

    /**
     * Lets what waits continue.
     *
     * @returns warnings, and what was not checked.
     * @throws with everything that was found, where some of it is an error.
     */
    public conclude(): readonly Finding[] {
        const message = refusal(this.findings);
        if (message !== undefined) {
            throw new Error(message);
        }
        this.pass();
        return this.findings;
    }
}
