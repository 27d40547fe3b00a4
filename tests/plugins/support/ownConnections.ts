import type { ChannelOptions } from "@grpc/grpc-js";
import * as settings from "@pulumi/pulumi/runtime/settings";

/** Exported by the package, and left out of its types: the options of each connection to an engine. */
const { grpcClientOptions } = settings as unknown as { readonly grpcClientOptions: ChannelOptions };

/**
 * Gives each program of this process connections of its own. By default all of a process share theirs by address, and the
 * SDK does not close those of a program that failed: an engine that gets the port of an earlier one then is unavailable
 * to its program for as long as the earlier connection waits to be tried again.
 *
 * @returns the options, for a test of them.
 */
export function useOwnConnections(): ChannelOptions {
    grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;
    return grpcClientOptions;
}
