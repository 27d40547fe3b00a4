import { GATEWAY_API } from "../../components/gateway/gatewayRoutes";
import type { Settings } from "../settings/parsed/settings";
import type { Facts } from "./facts";
import { error, namesOf, warning, whenKnown, type Finding } from "./finding";

type Chosen = Pick<Settings, "ingress" | "namespace">;

const API_VERSION = `${GATEWAY_API.group}/${GATEWAY_API.version}`;

/** The Gateway that the settings say exists; undefined where routes need none, or the stack makes one. */
export function existingGateway({
    ingress,
    namespace: home,
}: Chosen): { readonly name: string; readonly namespace: string } | undefined {
    if (!ingress.enabled || ingress.entrance.kind === "Ingress") {
        return undefined;
    }
    const { gateway } = ingress.entrance;
    return gateway.from === "existing"
        ? { name: gateway.name, namespace: gateway.namespace ?? home.name }
        : undefined;
}

/** What to say of a missing Gateway API, which other messages about the Gateway would only repeat. */
export function missingGatewayApi(groupVersion: string, ingress: Chosen["ingress"]): string | undefined {
    if (groupVersion !== API_VERSION || !ingress.enabled || ingress.entrance.kind === "Ingress") {
        return undefined;
    }
    const { gateway } = ingress.entrance;
    const named =
        gateway.from === "existing"
            ? `flts:ingress.gateway.name = "${gateway.name}"`
            : `flts:ingress.gateway.className = "${gateway.className}"`;
    return (
        `flts:ingress.kind = "Gateway" with ${named}: the cluster does not serve ${API_VERSION}; install the Gateway API and ` +
        "a controller for it, or set flts:ingress.kind to Ingress"
    );
}

/** What is missing of the Gateway that routes are attached to, in a cluster that has the Gateway API. */
export function gatewayFindings(facts: Facts, chosen: Chosen): readonly Finding[] {
    const { ingress } = chosen;
    const { groupVersions } = facts;
    if (
        !ingress.enabled ||
        ingress.entrance.kind === "Ingress" ||
        (groupVersions.known && !groupVersions.value.includes(API_VERSION))
    ) {
        return [];
    }
    const { gateway } = ingress.entrance;
    if (gateway.from === "created") {
        const setting = `flts:ingress.gateway.className = "${gateway.className}"`;
        return whenKnown(setting, facts.gatewayClasses, (classes) =>
            classes.some(({ name }) => name === gateway.className)
                ? []
                : [
                      // As with an Ingress class: its controller may be installed later.
                      warning(
                          `${setting}: the cluster has no such Gateway class, so that no controller serves the hosts; it has: ` +
                              namesOf(classes),
                      ),
                  ],
        );
    }
    const { name, namespace = chosen.namespace.name, sectionName } = gateway;
    const setting = `flts:ingress.gateway.name = "${name}"`;
    return whenKnown(setting, facts.gateway, (found) => {
        if (found === undefined) {
            return [
                error(
                    `${setting}: the namespace ${namespace} has no such Gateway; name one of \`kubectl get gateways ` +
                        "--all-namespaces`, or set flts:ingress.gateway.className to make one",
                ),
            ];
        }
        const listeners = found.listeners.filter(
            (each) => sectionName === undefined || each.name === sectionName,
        );
        if (listeners.length === 0) {
            return [
                error(
                    `flts:ingress.gateway.sectionName = "${sectionName ?? ""}": the Gateway ${namespace}/${name} has no such ` +
                        `listener; it has: ${namesOf(found.listeners)}`,
                ),
            ];
        }
        return namespace === chosen.namespace.name ||
            listeners.some(({ from }) => ["All", "Selector"].includes(from))
            ? []
            : [
                  warning(
                      `${setting}: its listeners take no routes of the namespace ${chosen.namespace.name}; its owner can set ` +
                          `allowedRoutes.namespaces of the Gateway ${namespace}/${name}`,
                  ),
              ];
    });
}
