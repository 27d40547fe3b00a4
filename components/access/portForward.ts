import type { Socket } from "node:net";
import { PassThrough, type Duplex } from "node:stream";
import { requestsWith, type ApiRequest } from "../core/cluster/apiRequests";
import { explained } from "./apiReason";
import { loadCluster, type Cluster } from "./cluster";
import { readyEndpoint } from "./readyEndpoint";

/** A Service inside the cluster that a tunnel leads to. */
export interface ServiceAddress {
    readonly namespace: string;
    readonly name: string;
}

/** Connects an accepted socket to wherever the tunnel leads; rejects when that is not possible. */
export type Dial = (socket: Duplex) => Promise<void>;

/**
 * The requests of {@link dialService}, for the preflight.
 *
 * A port-forward over a WebSocket is a `get` for RBAC, and since Kubernetes 1.35 a `create` as well (feature gate
 * AuthorizePodWebsocketUpgradeCreatePermission, https://github.com/kubernetes/kubernetes/issues/133515).
 */
export function portForwardRequests(namespace: string): readonly ApiRequest[] {
    return [
        ...requestsWith(["list"], { group: "discovery.k8s.io", resource: "endpointslices", namespace }),
        ...requestsWith(["get", "create"], { group: "", resource: "pods/portforward", namespace }),
    ];
}

/**
 * Dials a Service through the Kubernetes port-forward API, one stream for each socket.
 *
 * One stream a socket, because a forward that carries several connections ends for all of them when the server
 * resets one, which PostgreSQL clients provoke. All of them lead to one pod while it is ready: of several servers
 * that start together, the one that a probe has found ready is the one that the providers speak to. The chart's MinIO
 * pods are ready for Kubernetes before they know their users.
 *
 * @param context name of the kubeconfig context; the file comes from `KUBECONFIG` or the user's home.
 */
export function dialService(context: string, service: ServiceAddress): Dial {
    let cluster: Promise<Cluster> | undefined;
    let pod: string | undefined;
    return async (socket) => {
        cluster ??= loadCluster(context);
        const { client, config } = await cluster;
        const slices = await explained(
            `the EndpointSlices of Service ${service.namespace}/${service.name} cannot be listed`,
            () =>
                config.makeApiClient(client.DiscoveryV1Api).listNamespacedEndpointSlice({
                    namespace: service.namespace,
                    labelSelector: `kubernetes.io/service-name=${service.name}`,
                }),
        );
        const endpoint = readyEndpoint(slices.items, pod);
        if (endpoint === undefined) {
            throw new Error(`Service ${service.namespace}/${service.name} has no ready pod`);
        }
        pod = endpoint.pod;
        const errors = new PassThrough();
        errors.on("data", (message: Buffer) => socket.destroy(new Error(message.toString("utf8"))));
        const forward = new client.PortForward(config);
        const channel = (await forward.portForward(
            service.namespace,
            endpoint.pod,
            [endpoint.port],
            socket,
            errors,
            socket,
        )) as ForwardChannel;
        tieTogether(socket, channel);
    };
}

/** The part of a WebSocket that is used here, with the underlying socket that the `ws` package keeps. */
interface ForwardChannel {
    readonly readyState: number;
    readonly CLOSED: number;
    readonly _socket?: Socket;
    addEventListener(event: "close" | "error", listener: () => void): void;
    close(): void;
}

function tieTogether(socket: Duplex, channel: ForwardChannel): void {
    // An idle connection that a provider keeps for later must not keep the program from ending.
    channel._socket?.unref();
    const endSocket = (): void => {
        socket.end();
    };
    // PortForward does not pass the server's close on; without this a client that reads until close hangs.
    channel.addEventListener("close", endSocket);
    channel.addEventListener("error", endSocket);
    socket.once("close", () => {
        channel.close();
    });
    if (channel.readyState === channel.CLOSED) {
        endSocket();
    }
}
