/** Identifier by which the dashboards name their data source. */
export const DATA_SOURCE_UID = "flts-prometheus";

/**
 * Provisions Prometheus as Grafana's data source. JSON, which is YAML too.
 *
 * Reference: https://grafana.com/docs/grafana/v11.6/administration/provisioning/
 */
export function dataSource(url: string): string {
    return document({
        datasources: [
            {
                name: "Prometheus",
                uid: DATA_SOURCE_UID,
                type: "prometheus",
                access: "proxy",
                url,
                isDefault: true,
                editable: false,
            },
        ],
    });
}

/** Provisions all dashboards of a folder. */
export function dashboardProvider(directory: string): string {
    return document({
        providers: [
            {
                name: "flts",
                folder: "FLTS",
                type: "file",
                allowUiUpdates: false,
                options: { path: directory },
            },
        ],
    });
}

function document(content: object): string {
    return `${JSON.stringify({ apiVersion: 1, ...content }, null, 2)}\n`;
}
