import type {
    Claim,
    ClaimingWorkload,
    DeployedObjects,
    Workload,
} from "../../components/access/deployedData";
import type { Recorded } from "./mocks";
import { ofType } from "./objects";

interface ChartValues {
    readonly fullnameOverride: string;
    readonly mode: string;
    readonly replicas: number;
    readonly drivesPerNode: number;
    readonly persistence: { readonly size: string; readonly storageClass: string };
    readonly podLabels: Record<string, string>;
}

/** Class that claims without one get. */
const DEFAULT_CLASS = "standard";

/** The objects that a cluster would have after the program's update, claims of StatefulSets and MinIO's chart included. */
export function deployedObjects(resources: readonly Recorded[]): DeployedObjects {
    const declared = ofType(resources, "kubernetes:apps/v1:StatefulSet").map(
        ({ inputs }) => inputs as unknown as ClaimingWorkload,
    );
    const releases = ofType(resources, "kubernetes:helm.sh/v3:Release").map(
        ({ inputs }) => inputs.values as ChartValues,
    );
    const statefulSets = [...declared, ...releases.flatMap(chartSet)];
    return {
        statefulSets,
        claims: [
            ...ofType(resources, "kubernetes:core/v1:PersistentVolumeClaim").map(({ inputs }) =>
                withClass(inputs as unknown as Claim),
            ),
            ...releases.flatMap(chartClaim),
            ...statefulSets.flatMap(claimsOf),
        ],
        deployments: [
            ...ofType(resources, "kubernetes:apps/v1:Deployment").map(
                ({ inputs }) => inputs as unknown as Workload,
            ),
            ...releases.flatMap(chartDeployment),
        ].map(withoutEmptyValues),
    };
}

/** The API server leaves empty values of variables out. */
function withoutEmptyValues(deployment: Workload): Workload {
    return JSON.parse(JSON.stringify(deployment).replaceAll(',"value":""', "")) as Workload;
}

/** Claims without a class get the cluster's default when they are made. */
function withClass(claim: Claim): Claim {
    return { ...claim, spec: { storageClassName: DEFAULT_CLASS, ...claim.spec } };
}

/** The controller names claims after template, set and pod, and gives them the labels that select the pods. */
function claimsOf({ metadata, spec }: ClaimingWorkload): Claim[] {
    return Array.from({ length: spec?.replicas ?? 1 }, (_, pod) => pod).flatMap((pod) =>
        (spec?.volumeClaimTemplates ?? []).map((template) => ({
            metadata: {
                name: `${template.metadata?.name ?? ""}-${metadata?.name ?? ""}-${pod}`,
                labels: { ...spec?.selector.matchLabels },
            },
            spec: { storageClassName: DEFAULT_CLASS, ...template.spec },
        })),
    );
}

function chartLabels(): Record<string, string> {
    return { app: "minio", release: "minio" };
}

function chartSpec({ persistence: { size, storageClass } }: ChartValues): Claim["spec"] & object {
    return {
        ...(storageClass === "" ? {} : { storageClassName: storageClass }),
        resources: { requests: { storage: size } },
    };
}

function chartSet(values: ChartValues): ClaimingWorkload[] {
    const { mode, replicas, drivesPerNode, podLabels, fullnameOverride: name } = values;
    const templates =
        drivesPerNode > 1 ? Array.from({ length: drivesPerNode }, (_, disk) => `export-${disk}`) : ["export"];
    return mode === "distributed"
        ? [
              {
                  metadata: { name, labels: chartLabels() },
                  spec: {
                      replicas,
                      selector: { matchLabels: chartLabels() },
                      template: { metadata: { labels: { ...chartLabels(), ...podLabels } } },
                      volumeClaimTemplates: templates.map((template) => ({
                          metadata: { name: template },
                          spec: chartSpec(values),
                      })),
                  },
              },
          ]
        : [];
}

function chartClaim(values: ChartValues): Claim[] {
    return values.mode === "standalone"
        ? [
              {
                  metadata: { name: values.fullnameOverride, labels: chartLabels() },
                  spec: { storageClassName: DEFAULT_CLASS, ...chartSpec(values) },
              },
          ]
        : [];
}

function chartDeployment({ mode, podLabels, fullnameOverride: name }: ChartValues): Workload[] {
    return mode === "standalone"
        ? [
              {
                  metadata: { name, labels: chartLabels() },
                  spec: {
                      template: { metadata: { labels: { ...chartLabels(), ...podLabels } } },
                  },
              },
          ]
        : [];
}
