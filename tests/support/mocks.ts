import * as pulumi from "@pulumi/pulumi";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";

/** A resource as the program registered it. */
export interface Recorded {
    readonly type: string;
    readonly name: string;
    readonly inputs: Record<string, unknown>;
    /** Types of the resource and its parents as the URN shows them. */
    readonly urn: string;
    readonly createHooks: readonly string[];
    readonly deleteHooks: readonly string[];
    readonly deletedWith: string;
    /** Whether the object stays when the resource leaves the program. */
    readonly retained: boolean;
    readonly dependencies: readonly string[];
}

/** The parts of a registration that mocks do not see. */
interface RegistrationRequest {
    getType(): string;
    getName(): string;
    getParent(): string;
    getDeletedwith(): string;
    getRetainondelete(): boolean;
    getDependenciesList(): string[];
    getHooks(): { getBeforeCreateList(): string[]; getBeforeDeleteList(): string[] } | undefined;
}

type Callback = (error: Error | undefined, response: { getUrn(): string } | undefined) => void;

interface Monitor {
    registerResource(request: RegistrationRequest, callback: Callback): Promise<void>;
    registerResourceHook?(request: unknown, callback: (error: null, response: unknown) => void): void;
}

/** Marks a generated password, so that a test can look for where it went. */
export const GENERATED_SECRET = "generated-secret-of-";

/** Host name that every Service of type LoadBalancer gets. */
export const BALANCED_HOST = "balancer.example.com";

/**
 * Runs a part of the program against mocks, as a preview so that nothing is connected to, and waits until every
 * registration is done.
 *
 * What it does not prove: that a provider or the cluster accepts the inputs.
 *
 * @param stacks outputs of other stacks by their names, for stack references.
 */
export async function record<Result>(
    deploy: () => Result | Promise<Result>,
    stacks: Readonly<Record<string, object>> = {},
): Promise<{ readonly resources: readonly Recorded[]; readonly result: Result }> {
    const resources: Recorded[] = [];
    const inputs = new Map<string, Record<string, unknown>>();
    await pulumi.runtime.setMocks(
        {
            newResource: (args) => {
                inputs.set(`${args.type} ${args.name}`, args.inputs as Record<string, unknown>);
                return { id: `${args.name}-id`, state: stateOf(args, stacks) };
            },
            call: () => ({}),
        },
        "flts",
        "test",
        true,
        "organization",
    );
    observe(pulumi.runtime.getMonitor() as unknown as Monitor, (request, urn) => {
        resources.push({
            type: request.getType(),
            name: request.getName(),
            inputs: inputs.get(`${request.getType()} ${request.getName()}`) ?? {},
            urn,
            createHooks: request.getHooks()?.getBeforeCreateList() ?? [],
            deleteHooks: request.getHooks()?.getBeforeDeleteList() ?? [],
            deletedWith: request.getDeletedwith(),
            retained: request.getRetainondelete(),
            dependencies: request.getDependenciesList(),
        });
    });
    const result = await deploy();
    await pulumi.runtime.disconnect();
    return { resources, result };
}

/** Sees each registration after it was answered; mocks alone get inputs and nothing of the options. */
function observe(monitor: Monitor, seen: (request: RegistrationRequest, urn: string) => void): void {
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) =>
        register(request, (error, response) => {
            if (response !== undefined) {
                seen(request, response.getUrn());
            }
            callback(error, response);
        });
    monitor.registerResourceHook = (_request, callback) => {
        callback(null, {});
    };
}

function stateOf(args: MockResourceArgs, stacks: Readonly<Record<string, object>>): Record<string, unknown> {
    const inputs = args.inputs as Record<string, unknown>;
    switch (args.type) {
        case "random:index/randomPassword:RandomPassword":
            return { ...inputs, result: `${GENERATED_SECRET}${args.name}` };
        case "pulumi:pulumi:StackReference":
            return { ...inputs, outputs: stacks[inputs.name as string] ?? {} };
        case "kubernetes:core/v1:Service":
            return (inputs.spec as { type?: string }).type === "LoadBalancer"
                ? { ...inputs, status: { loadBalancer: { ingress: [{ hostname: BALANCED_HOST }] } } }
                : inputs;
        default:
            return inputs;
    }
}
