import { BlockList, isIPv6 } from "node:net";
import type * as kubernetes from "@pulumi/kubernetes";
import type { Recorded } from "./mocks";
import { ofType } from "./objects";

type Labels = Readonly<Record<string, string>>;
type Spec = kubernetes.types.output.networking.v1.NetworkPolicySpec;
type Peer = kubernetes.types.output.networking.v1.NetworkPolicyPeer;
type Selector = Partial<kubernetes.types.output.meta.v1.LabelSelector>;

/** A pod, of the stack or of another namespace. */
export interface Pod {
    readonly namespace: { readonly name: string; readonly labels: Labels };
    readonly labels: Labels;
}

/** A pod, or what is at an address outside the cluster. */
export type Endpoint = Pod | { readonly address: string };

interface Policy {
    readonly namespace: string;
    readonly spec: Partial<Spec>;
}

type Direction = "Egress" | "Ingress";

/** A rule of either direction; without ports or peers it is for all of them. */
interface Rule {
    readonly ports?: readonly {
        readonly protocol: string;
        readonly port: number | string;
        readonly endPort?: number;
    }[];
    readonly peers?: readonly Partial<Peer>[];
}

/**
 * NetworkPolicies as a cluster enforces them on TCP.
 *
 * Reference: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export class NetworkPolicies {
    private readonly policies: readonly Policy[];

    public constructor(resources: readonly Recorded[]) {
        this.policies = ofType(resources, "kubernetes:networking.k8s.io/v1:NetworkPolicy").map(
            ({ inputs }) => ({
                namespace: (inputs.metadata as { namespace: string }).namespace,
                spec: inputs.spec as Spec,
            }),
        );
    }

    /** Whether a connection may be opened: the policies of both ends must let it through. */
    public admits(client: Endpoint, server: Endpoint, port: number): boolean {
        return this.lets("Egress", client, server, port) && this.lets("Ingress", server, client, port);
    }

    /** Ports that rules name. */
    public ports(): number[] {
        const named = this.policies.flatMap(({ spec }) =>
            [...(spec.egress ?? []), ...(spec.ingress ?? [])].flatMap(({ ports = [] }) =>
                ports.map(({ port }) => Number(port)),
            ),
        );
        return [...new Set(named)];
    }

    /** Whether the policies of one end's pods let it talk to the other end: no policy, or a rule of one of them. */
    private lets(direction: Direction, own: Endpoint, other: Endpoint, port: number): boolean {
        if ("address" in own) {
            return true;
        }
        const selecting = this.policies.filter(
            ({ namespace, spec }) =>
                namespace === own.namespace.name &&
                (spec.policyTypes ?? []).includes(direction) &&
                selects(spec.podSelector, own.labels),
        );
        return (
            selecting.length === 0 ||
            selecting.some(({ namespace, spec }) =>
                rulesOf(direction, spec).some(
                    ({ ports, peers = [] }) =>
                        allowsPort(ports, port) &&
                        (peers.length === 0 || peers.some((peer) => isPeer(peer, other, namespace))),
                ),
            )
        );
    }
}

function rulesOf(direction: Direction, { egress = [], ingress = [] }: Partial<Spec>): Rule[] {
    return direction === "Egress"
        ? egress.map(({ ports, to }) => ({ ports, peers: to }))
        : ingress.map(({ ports, from }) => ({ ports, peers: from }));
}

function allowsPort(ports: Rule["ports"], port: number): boolean {
    return (
        ports === undefined ||
        ports.length === 0 ||
        ports.some(({ protocol, port: first, endPort }) => {
            const last = endPort ?? Number(first);
            return protocol === "TCP" && port >= Number(first) && port <= last;
        })
    );
}

/** @param home namespace of the policy, whose pods a peer without a namespace selector means. */
function isPeer(peer: Partial<Peer>, other: Endpoint, home: string): boolean {
    if ("address" in other) {
        const { cidr, except = [] } = (peer.ipBlock ?? {}) as { cidr?: string; except?: readonly string[] };
        return (
            cidr !== undefined &&
            isIn(cidr, other.address) &&
            !except.some((each) => isIn(each, other.address))
        );
    }
    if (peer.ipBlock !== undefined) {
        return false;
    }
    return (
        (peer.namespaceSelector === undefined
            ? other.namespace.name === home
            : selects(peer.namespaceSelector, other.namespace.labels)) &&
        (peer.podSelector === undefined || selects(peer.podSelector, other.labels))
    );
}

function isIn(cidr: string, address: string): boolean {
    const [network = "", bits] = cidr.split("/");
    const family = (of: string): "ipv4" | "ipv6" => (isIPv6(of) ? "ipv6" : "ipv4");
    const list = new BlockList();
    list.addSubnet(network, Number(bits), family(network));
    return list.check(address, family(address));
}

/** An empty or absent selector selects everything. */
function selects({ matchLabels = {}, matchExpressions = [] }: Selector = {}, labels: Labels): boolean {
    if (matchExpressions.length > 0) {
        throw new Error(
            "the program declares no matchExpressions in its policies; teach this evaluator about them",
        );
    }
    return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}
