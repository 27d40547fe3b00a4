import assert from "node:assert/strict";
import type { Peer } from "../../components/core/links";
import { forAnySettings, RUNS, SEED } from "../support/anyDeployment";
import { configuredEdges, entrances } from "../support/configuredAddresses";
import { NetworkPolicies, type Endpoint } from "../support/networkPolicies";
import { edges, edgesOutside, INTERNET, reached, tiersOf } from "../support/reachability";

describe(`the network, for any settings (${RUNS} tried, FLTS_PROPERTY_SEED=${SEED})`, function () {
    this.timeout(RUNS * 20_000);

    // Promise: networkpolicies-between-pods, your-own-servers-instead
    it("pods may connect to exactly what their configuration names, in the stack and outside", async () => {
        await forAnySettings((resources, chosen) => {
            const allowed = [...edges(resources), ...edgesOutside(resources)].sort();
            assert.deepEqual(allowed, configuredEdges(resources, chosen));
        });
    });

    // Promise: networkpolicies-between-pods
    it("the internet reaches exactly the exposed Services, and an Ingress controller the Ingress' backends too", async () => {
        await forAnySettings((resources, { ingress }) => {
            const policies = new NetworkPolicies(resources);
            const tiers = tiersOf(resources);
            const { exposed, backends } = entrances(resources);
            assert.deepEqual(reached(policies, INTERNET, tiers), exposed);
            for (const controller of ingress.enabled ? ingress.controller.map(endpointOf) : []) {
                const both = [...new Set([...exposed, ...backends])].sort();
                assert.deepEqual(reached(policies, controller, tiers), both);
            }
        });
    });
});

/** An endpoint that a peer of a NetworkPolicy selects. */
function endpointOf(peer: Peer): Endpoint {
    const { ipBlock, namespaceSelector, podSelector } = peer as {
        ipBlock?: { cidr: string };
        namespaceSelector?: { matchLabels: Record<string, string> };
        podSelector?: { matchLabels: Record<string, string> };
    };
    if (ipBlock !== undefined) {
        return { address: ipBlock.cidr.replace(/\/\d+$/, "") };
    }
    const labels = namespaceSelector?.matchLabels ?? assert.fail("a peer in no namespace");
    const name = labels["kubernetes.io/metadata.name"] ?? assert.fail("a namespace without a name");
    return { namespace: { name, labels }, labels: podSelector?.matchLabels ?? {} };
}
