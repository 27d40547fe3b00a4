import { DATA_FORMAT_LABEL, type DataLayout, type DataVolumes } from "../core/data/dataLayout";
import { explained } from "./apiReason";
import { loadCluster } from "./cluster";

const INSTANCE = "app.kubernetes.io/instance";

/** Version of the files of a PostgreSQL that carries no label: that of release 0.1.0. */
const FIRST_POSTGRES_FORMAT = "postgres-15";

interface Metadata {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
}

interface ClaimSpec {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

/** A claim, as far as it matters here. */
export interface Claim {
    readonly metadata?: Metadata;
    readonly spec?: ClaimSpec;
}

/** A Deployment, as far as it matters here. */
export interface Workload {
    readonly metadata?: Metadata;
    readonly spec?: {
        readonly template: {
            readonly metadata?: Metadata;
            readonly spec?: {
                readonly containers: readonly {
                    readonly env?: readonly { readonly name: string; readonly value?: string }[];
                }[];
            };
        };
    };
}

/** A StatefulSet, as far as it matters here. */
export interface ClaimingWorkload extends Workload {
    readonly spec?: NonNullable<Workload["spec"]> & {
        readonly replicas?: number;
        readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
        readonly volumeClaimTemplates?: readonly Claim[];
    };
}

/** What the namespace of a stack contains. */
export interface DeployedObjects {
    readonly statefulSets: readonly ClaimingWorkload[];
    readonly claims: readonly Claim[];
    readonly deployments: readonly Workload[];
}

/**
 * Reads which objects of the stack keep data in the cluster. This does not depend on the state backend, and works in a preview.
 *
 * @throws when the user may not list the objects.
 */
export async function readDeployedData(
    context: string,
    namespace: string,
    stack: string,
): Promise<DataLayout> {
    const { client, config } = await loadCluster(context);
    const apps = config.makeApiClient(client.AppsV1Api);
    const core = config.makeApiClient(client.CoreV1Api);
    const [statefulSets, claims, deployments] = await explained(
        `flts:namespace = "${namespace}": the StatefulSets, Deployments and PersistentVolumeClaims there cannot be ` +
            `listed in kubernetes:context = "${context}", so it is unknown what data the update puts at risk`,
        () =>
            Promise.all([
                apps.listNamespacedStatefulSet({ namespace }),
                core.listNamespacedPersistentVolumeClaim({ namespace }),
                apps.listNamespacedDeployment({ namespace }),
            ]),
        ". Allow the user to list them. Nothing was changed.",
    );
    return deployedData(
        { statefulSets: statefulSets.items, claims: claims.items, deployments: deployments.items },
        stack,
    );
}

/** The stack's data among these objects; objects of another stack or of other owners are left out. */
export function deployedData(objects: DeployedObjects, stack: string): DataLayout {
    const { statefulSets, deployments } = objects;
    const own = (each: Workload): boolean => instanceOf(each) === stack;
    const sets = statefulSets.filter(own).flatMap((set) => volumesOfSet(set, objects.claims));
    const elsewhere = [...statefulSets, ...deployments].filter((each) => !own(each)).map(nameOf);
    const described = [...sets.map(({ name }) => name), ...elsewhere];
    const claims = objects.claims.filter(({ metadata }) => {
        // Claims of the chart carry its release in place of the stack.
        const { [INSTANCE]: instance, release } = metadata?.labels ?? {};
        return instance === stack || (instance === undefined && release !== undefined);
    });
    return {
        volumes: [...sets, ...volumesOfClaims(claims).filter(({ name }) => !described.includes(name))],
        identifier: identifierOf(deployments.filter(own)),
    };
}

function nameOf({ metadata }: Workload): string {
    return metadata?.name ?? "";
}

/** The pods' label: the chart's own objects carry none of the stack, their pods do. */
function instanceOf({ spec }: Workload): string | undefined {
    return spec?.template.metadata?.labels?.[INSTANCE];
}

function volumesOfSet(set: ClaimingWorkload, claims: readonly Claim[]): DataVolumes[] {
    const name = nameOf(set);
    const templates = set.spec?.volumeClaimTemplates ?? [];
    const [template] = templates;
    if (template === undefined) {
        return [];
    }
    const replicas = set.spec?.replicas ?? 1;
    const claimed = claims.filter(({ metadata }) => partsOf(metadata?.name ?? "")?.name === name).length;
    return [
        {
            name,
            claimedBy: "StatefulSet",
            // A server that is stopped, as for a restore, has no pods, and as much data as before.
            pods: replicas === 0 ? claimed / templates.length : replicas,
            volumesPerPod: templates.length,
            size: template.spec?.resources?.requests?.storage,
            storageClass: template.spec?.storageClassName,
            format:
                set.metadata?.labels?.[DATA_FORMAT_LABEL] ??
                (name === "postgres" ? FIRST_POSTGRES_FORMAT : undefined),
        },
    ];
}

/** `data-kafka-0`, `export-minio-0` and `export-1-minio-0`, as StatefulSets name claims. */
function partsOf(claim: string): { readonly name: string; readonly pod: number } | undefined {
    const parts = /^(?:data|export-\d+|export)-(.+)-(\d+)$/.exec(claim);
    return parts?.[1] === undefined ? undefined : { name: parts[1], pod: Number(parts[2]) };
}

/** Volumes whose StatefulSet is not there (a new one takes them over as they are), and claims of their own. */
function volumesOfClaims(claims: readonly Claim[]): DataVolumes[] {
    const found = claims.map((claim) => ({ claim, parts: partsOf(claim.metadata?.name ?? "") }));
    const parts = found.flatMap(({ parts }) => parts ?? []);
    return [
        ...[...new Set(parts.map(({ name }) => name))].map((name): DataVolumes => {
            const volumes = parts.filter((each) => each.name === name);
            const pods = new Set(volumes.map(({ pod }) => pod)).size;
            return {
                name,
                claimedBy: "StatefulSet",
                pods,
                volumesPerPod: volumes.length / pods,
                size: undefined,
                storageClass: undefined,
                format: undefined,
            };
        }),
        ...found.flatMap(({ claim, parts: ofSet }): DataVolumes[] =>
            ofSet === undefined
                ? [
                      {
                          name: claim.metadata?.name ?? "",
                          claimedBy: "PersistentVolumeClaim",
                          pods: 1,
                          volumesPerPod: 1,
                          size: claim.spec?.resources?.requests?.storage,
                          storageClass: claim.spec?.storageClassName,
                          format: undefined,
                      },
                  ]
                : [],
        ),
    ];
}

/** The identifier that the services run with; they all have the same. */
function identifierOf(deployments: readonly Workload[]): string | undefined {
    const variable = deployments
        .flatMap(({ spec }) => spec?.template.spec?.containers ?? [])
        .flatMap(({ env }) => env ?? [])
        .find(({ name }) => name === "IDENTIFIER");
    // The API server leaves an empty value out.
    return variable === undefined ? undefined : (variable.value ?? "");
}
