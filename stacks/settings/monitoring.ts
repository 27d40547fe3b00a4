import { z } from "zod";
import { boolean, exposure, integer, resources, secretName, storage } from "./fields";

/** Settings of the monitoring tier, which is deployed with the layer `monitoring`. */
export const monitoring = z
    .strictObject({
        scrapeIntervalSeconds: integer("Seconds between two scrapes of each pod", 15, 5, 300),
        retentionDays: integer("Days for which metrics are kept, if the volume is large enough", 7, 1, 730),
        storage: storage("Volume of Prometheus", "2Gi"),
        service: exposure("Prometheus"),
        resources: resources(["prometheus"], ["50m", "256Mi"], ["1", "768Mi"]),
        webhook: z
            .strictObject({
                existingSecret: secretName(
                    "Secret with the address, under the key url, to which alerts are posted; they are only shown when empty",
                ),
                port: integer("Port of that address, which the network policies open", 443, 1, 65535),
            })
            .prefault({}),
        logs: z
            .strictObject({
                enabled: boolean(
                    "Collect the pods' logs: an agent on each node, in its own namespace, and VictoriaLogs",
                    true,
                ),
                retentionDays: integer(
                    "Days for which logs are kept, if the volume is large enough",
                    14,
                    1,
                    730,
                ),
                storage: storage("Volume of VictoriaLogs", "2Gi"),
                service: exposure("VictoriaLogs"),
                resources: resources(["victoria-logs"], ["25m", "48Mi"], ["1", "512Mi"]),
            })
            .prefault({}),
        grafana: z
            .strictObject({
                enabled: boolean("Deploy Grafana, whose image can only be pulled", true),
                service: exposure("Grafana"),
                resources: resources(["grafana"], ["50m", "192Mi"], ["500m", "512Mi"]),
            })
            .prefault({}),
    })
    .prefault({});
