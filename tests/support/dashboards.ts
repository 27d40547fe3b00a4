import { dashboardFiles } from "../../components/monitoring/files";

/** One query of a panel. */
export interface PanelQuery {
    /** Dashboard and panel, for messages. */
    readonly panel: string;
    /** As Prometheus takes it, with Grafana's variables filled in. */
    readonly expression: string;
}

interface Dashboard {
    readonly title: string;
    readonly panels: readonly {
        readonly title: string;
        readonly targets: readonly { readonly expr: string }[];
    }[];
}

/** What Grafana puts for a scrape every 15 seconds: four of them. */
const RATE_INTERVAL = "1m";

/** Every query of every dashboard. */
export function panelQueries(): PanelQuery[] {
    return Object.values(dashboardFiles()).flatMap((text) => {
        const { title, panels } = JSON.parse(text) as Dashboard;
        return panels.flatMap((panel) =>
            panel.targets.map(({ expr }) => ({
                panel: `${title} / ${panel.title}`,
                expression: expr.replaceAll("$__rate_interval", RATE_INTERVAL),
            })),
        );
    });
}
