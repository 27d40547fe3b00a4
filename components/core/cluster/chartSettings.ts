import {
    CA_DIRECTORY,
    CA_VOLUME,
    clusterEnvironment,
    placementOf,
    schedulingOf,
    type ClusterSettings,
    type Pairs,
    type Placement,
} from "./clusterSettings";
import { unsetUsers, withDisk, type Amounts } from "./podSettings";

/** Values of MinIO's chart that the cluster's settings are laid over, as `minioChartValues` makes them. */
interface ChartValues {
    readonly podLabels: Pairs;
    readonly podAnnotations: Pairs;
    readonly resources: Amounts;
    readonly environment: Pairs;
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly affinity?: Placement["affinity"];
    readonly service: Readonly<Record<string, unknown>>;
    readonly consoleService: Readonly<Record<string, unknown>>;
}

/**
 * Values of MinIO's chart 5.4.0 with the cluster's settings of its tier.
 *
 * @param services names of the stack's own Services.
 */
export function withChartSettings(
    given: Readonly<Record<string, unknown>>,
    settings: ClusterSettings,
    services: Iterable<string>,
): Record<string, unknown> {
    const values = given as unknown as ChartValues;
    const placement = placementOf(settings, values.podLabels["app.kubernetes.io/name"] ?? "");
    const { configMap } = settings.caBundle;
    return {
        ...given,
        podLabels: { ...placement.podLabels, ...values.podLabels },
        podAnnotations: { ...values.podAnnotations, ...placement.podAnnotations },
        resources: withDisk(values.resources, placement.ephemeralStorage),
        environment: { ...clusterEnvironment(settings, services), ...values.environment },
        service: { ...values.service, ...serviceValues(placement) },
        consoleService: { ...values.consoleService, ...serviceValues(placement) },
        ...(settings.users === "fixed"
            ? {}
            : { securityContext: { ...values.securityContext, ...unsetUsers() } }),
        ...(settings.pullSecrets.length === 0
            ? {}
            : // The chart indents only the first of its own `imagePullSecrets`.
              { global: { imagePullSecrets: settings.pullSecrets.map(({ localName }) => localName) } }),
        ...schedulingOf(values, placement, settings.architectures),
        ...(configMap === undefined
            ? {}
            : {
                  extraVolumes: [{ name: CA_VOLUME, configMap: { name: configMap } }],
                  extraVolumeMounts: [{ name: CA_VOLUME, mountPath: CA_DIRECTORY, readOnly: true }],
              }),
    };
}

function serviceValues({ serviceAnnotations, sourceRanges }: Placement): Record<string, unknown> {
    return {
        ...(Object.keys(serviceAnnotations).length === 0 ? {} : { annotations: { ...serviceAnnotations } }),
        // The chart prints a list as Go does, [a b], which YAML reads as one text; the text of a list is printed as it is.
        ...(sourceRanges.length === 0 ? {} : { loadBalancerSourceRanges: JSON.stringify(sourceRanges) }),
    };
}
