import { parse } from "yaml";
import { dashboardFiles, ruleFiles } from "../../components/monitoring/files";

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
        readonly description?: string;
        readonly targets: readonly { readonly expr: string }[];
    }[];
}

/** What Grafana puts for a scrape every 15 seconds: four of them. */
const RATE_INTERVAL = "1m";

/** What a panel says, and what it should say: the alerts that evaluate a metric which it shows. */
export interface PanelAlerts {
    readonly panel: string;
    readonly described: string | undefined;
    readonly alerts: readonly string[];
}

interface Rules {
    readonly groups: readonly {
        readonly rules: readonly { readonly alert: string; readonly expr: string }[];
    }[];
}

/** Every panel of every dashboard with its alerts. */
export function panelAlerts(): PanelAlerts[] {
    const alerts = Object.values(ruleFiles()).flatMap((text) =>
        (parse(text) as Rules).groups.flatMap(({ rules }) => rules),
    );
    return Object.values(dashboardFiles()).flatMap((text) => {
        const { title, panels } = JSON.parse(text) as Dashboard;
        return panels.map((panel) => {
            const shown = panel.targets.flatMap(({ expr }) => metricsIn(expr));
            return {
                panel: `${title} / ${panel.title}`,
                described: panel.description,
                alerts: alerts
                    .filter(({ expr }) => metricsIn(expr).some((metric) => shown.includes(metric)))
                    .map(({ alert }) => alert)
                    .sort(),
            };
        });
    });
}

/** Metrics of an expression, which have underscores in their names as functions do, and no parenthesis behind them. */
function metricsIn(expression: string): string[] {
    const bare = expression
        .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, " ")
        .replace(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
    return bare.match(/\b[a-zA-Z:]\w*_[\w:]*\b(?!\s*\()/g) ?? [];
}

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
