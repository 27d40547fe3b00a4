import { fail, table, type Console } from "../../toolchain/console/index";
import { compare, PLACES, type Finding } from "./compare";
import { expectedContent } from "./expected";
import { readPlan, readState, type Pulumi } from "./pulumi";
import { Reach, serversOf } from "./reach";
import { repairSteps } from "./repair";
import type { StoredResource } from "./state";
import { survey, type ReadSecret } from "./survey";

/** What the doctor works with. */
export interface Patient {
    readonly pulumi: Pulumi;
    /** kubeconfig context of the cluster, for tunnels. */
    readonly context: string;
    readonly readSecret: ReadSecret;
    readonly deleteSecret: (namespace: string, name: string) => Promise<void>;
}

/** Problems that need a person after a repair: an object was recreated, and its content is lost. */
const EMPTY_AFTERWARDS = ["bucket", "database"];

/**
 * Compares state, program, servers and cluster, and prints what differs.
 *
 * @param fix whether to repair it too, one thing at a time.
 * @returns true when nothing is wrong, or nothing is wrong any more.
 */
export async function examine(patient: Patient, fix: boolean, output: Console): Promise<boolean> {
    const { findings, reach } = await findingsOf(patient);
    if (findings.length === 0) {
        output.line("State, servers and cluster agree.");
        return true;
    }
    output.line(findingsTable(findings));
    if (!fix) {
        output.line("\nNothing was changed. `make doctor FIX=yes` repairs it, and deletes no data.");
        return false;
    }
    for (const finding of findings) {
        const { kind, name } = finding.expected;
        output.line(`\n${kind} ${name}: ${finding.problem}`);
        const steps = repairSteps(finding, { ...patient, reach });
        for (const { title, run } of steps) {
            output.line(`  ${title}`);
            await run();
        }
        if (steps.length === 0) {
            output.line("  left as it is: this is for you to decide");
        } else if (finding.repair === "recreate" && EMPTY_AFTERWARDS.includes(kind)) {
            output.line("  it is empty: `make restore SNAPSHOT=latest` puts back what a backup holds");
        }
    }
    const { findings: left } = await findingsOf(patient);
    output.line(left.length === 0 ? "\nState, servers and cluster agree." : `\n${findingsTable(left)}`);
    return left.length === 0;
}

async function findingsOf(
    patient: Patient,
): Promise<{ readonly findings: readonly Finding[]; readonly reach: Reach }> {
    const { pulumi, context, readSecret } = patient;
    const state = await readState(pulumi);
    const reach = new Reach(serversOf(state), context);
    if (state.length === 0) {
        fail("the stack holds nothing: run `make up` first.");
    }
    const expected = expectedContent(state, withProviders(await readPlan(pulumi), state));
    const found = await reach.during(() => survey(expected, reach, readSecret));
    return { findings: compare(expected, found), reach };
}

/** A plan whose resources name their providers as the state does: a preview may print another form. */
function withProviders<Planned extends { readonly resource: StoredResource }>(
    plan: readonly Planned[],
    state: readonly StoredResource[],
): readonly Planned[] {
    return plan.map((planned) => {
        const { resource } = planned;
        const kind = `pulumi:providers:${resource.type.split(":")[0] ?? ""}`;
        const provider = state.find(({ type }) => type === kind);
        return provider === undefined
            ? planned
            : {
                  ...planned,
                  resource: { ...resource, provider: `${provider.urn}::${provider.id ?? ""}` },
              };
    });
}

function findingsTable(findings: readonly Finding[]): string {
    return table([
        ["WHERE", "WHAT", "NAME", "PROBLEM"],
        ...findings.map(({ expected: { kind, name }, problem }) => [PLACES[kind], kind, name, problem]),
    ]);
}
