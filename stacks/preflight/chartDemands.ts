import type { Affinity, Toleration } from "../../components/core/cluster/clusterSettings";
import { quantity } from "../../components/core/quantity";
import { containerDemand, type Container, type Demands } from "./demands";

/** Values of MinIO's chart, as `minioChartValues` makes them and the cluster's settings complete them. */
interface ChartValues {
    readonly fullnameOverride: string;
    readonly image: { readonly repository: string; readonly tag: string };
    readonly mode: "standalone" | "distributed";
    readonly replicas: number;
    readonly drivesPerNode: number;
    readonly persistence: { readonly size: string; readonly storageClass: string };
    readonly podLabels: Readonly<Record<string, string>>;
    readonly resources?: Container["resources"];
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
    readonly affinity?: Affinity;
    readonly priorityClassName?: string;
    readonly service: { readonly type: string };
    readonly consoleService: { readonly type: string };
}

/** Objects that Helm and chart 5.4.0 make, beside the Services, in either mode. */
const CHART_OBJECTS: Readonly<Record<ChartValues["mode"], readonly (readonly [string, string])[]>> = {
    standalone: [
        ["", "secrets"],
        ["", "configmaps"],
        ["", "persistentvolumeclaims"],
        ["apps", "deployments"],
    ],
    distributed: [
        ["", "secrets"],
        ["", "configmaps"],
        ["apps", "statefulsets"],
        ["policy", "poddisruptionbudgets"],
    ],
};

/** What MinIO's chart asks of a cluster. */
export function chartDemands({ values }: { readonly values: ChartValues }, home: boolean): Demands {
    const { fullnameOverride: name, mode, persistence, image, resources, drivesPerNode } = values;
    const distributed = mode === "distributed";
    const pods = distributed ? values.replicas : 1;
    const drives =
        drivesPerNode > 1
            ? Array.from({ length: drivesPerNode }, (_, drive) => `export-${drive}`)
            : ["export"];
    const claims = Array.from({ length: pods }, (_, pod) => pod).flatMap((pod) =>
        drives.map((drive) => `${drive}-${name}-${pod}`),
    );
    const object = { home, version: "v1", rules: [], ingressClass: undefined };
    return {
        pods: [
            {
                kind: distributed ? "StatefulSet" : "Deployment",
                name,
                tier: values.podLabels["app.kubernetes.io/name"] ?? name,
                pods,
                runs: "always",
                home,
                containers: [
                    containerDemand(
                        {
                            name,
                            image: `${image.repository}:${image.tag}`,
                            ...(resources === undefined ? {} : { resources }),
                        },
                        false,
                    ),
                ],
                nodeSelector: values.nodeSelector ?? {},
                tolerations: values.tolerations ?? [],
                affinity: values.affinity ?? {},
                priorityClass: values.priorityClassName,
            },
        ],
        claims: [
            {
                names: distributed ? claims : [name],
                size: quantity(persistence.size),
                storageClass: persistence.storageClass === "" ? undefined : persistence.storageClass,
            },
        ],
        objects: [
            ...CHART_OBJECTS[mode].map(([group, resource]) => ({
                ...object,
                group,
                resource,
                name,
                // Helm keeps each release in a Secret, which it replaces.
                verbs: resource === "secrets" ? ["update"] : [],
                serviceType: undefined,
            })),
            ...[values.service, values.consoleService].map(({ type }, index) => ({
                ...object,
                group: "",
                resource: "services",
                verbs: [],
                name: index === 0 ? name : `${name}-console`,
                serviceType: type,
            })),
        ],
    };
}
