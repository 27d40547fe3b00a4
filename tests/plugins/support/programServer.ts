// The process in which the programs of test stacks run, one after the other. The engine reaches it as it reaches the inline
// programs of the Automation API.
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import * as server from "@pulumi/pulumi/automation/server";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { useOwnConnections } from "./ownConnections";
import type { HostedProgram, ServedProgram } from "./programHost";

/** Exported by the package, and left out of its types: the Automation API's own. */
const { LanguageServer } = server as unknown as {
    readonly LanguageServer: new (program: () => Promise<void>) => grpc.UntypedServiceImplementation;
};

/** Serves a program; resolves with the port. */
function serve({ module, entry, argument }: HostedProgram): Promise<number> {
    const program = (): Promise<void> => {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- the test names the module
        const declare = (require(module) as Record<string, (argument: string) => void>)[entry];
        if (declare === undefined) {
            return Promise.reject(new Error(`${module} exports no ${entry}`));
        }
        declare(argument);
        return Promise.resolve();
    };
    const host = new grpc.Server();
    host.addService(LanguageRuntimeService, new LanguageServer(program));
    return promisify(host.bindAsync.bind(host))("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
}

useOwnConnections();
// An update that was interrupted leaves promises that are rejected later, when nobody waits for them.
process.on("unhandledRejection", () => undefined);
process.on("message", (program: HostedProgram) => {
    void serve(program).then((port) => {
        process.send?.({ key: program.key, port } satisfies ServedProgram);
    });
});
// The tests have ended.
process.on("disconnect", () => process.exit());
