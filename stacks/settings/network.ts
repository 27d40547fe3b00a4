import { z } from "zod";
import { choice, cidrs, LABEL, LABEL_SHAPE, optionalText, selector } from "./fields";

function ports(doc: string, example: number) {
    return z
        .array(z.int().min(1).max(65535))
        .default([])
        .meta({ description: doc, allowed: "a list of ports", examples: [[example]] });
}

/** The cluster's network, as far as the program has to know it. */
export const network = z
    .strictObject({
        ipFamilyPolicy: choice(
            "Whether Services get addresses of one IP family or of both: https://kubernetes.io/docs/concepts/services-networking/dual-stack/",
            ["SingleStack", "PreferDualStack", "RequireDualStack"],
            "SingleStack",
            "PreferDualStack",
        ),
        dns: z
            .strictObject({
                namespace: optionalText(
                    "Namespace of the DNS pods; read from the cluster's DNS Service when cidrs is empty as well",
                    LABEL,
                    LABEL_SHAPE,
                    "dns-system",
                ),
                podLabels: selector("Labels of these pods; all pods of the namespace when empty", {
                    app: "coredns",
                }),
                cidrs: cidrs(
                    "Networks of DNS servers that are not pods: nodes, node-local or link-local addresses",
                ),
                ports: ports("Ports of the servers themselves; 53 when empty", 5353),
            })
            .prefault({}),
        apiServer: z
            .strictObject({
                cidrs: cidrs("Networks of the API servers; any when empty"),
                ports: ports(
                    "Ports of the API servers themselves; when empty, those of the endpoints of the Service kubernetes",
                    8443,
                ),
            })
            .prefault({}),
    })
    .prefault({});
