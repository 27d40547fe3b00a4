import { z } from "zod";
import { choice } from "./fields";

/** The cluster's network, as far as the program has to know it. */
export const network = z
    .strictObject({
        ipFamilyPolicy: choice(
            "Whether Services get addresses of one IP family or of both: https://kubernetes.io/docs/concepts/services-networking/dual-stack/",
            ["SingleStack", "PreferDualStack", "RequireDualStack"],
            "SingleStack",
            "PreferDualStack",
        ),
    })
    .prefault({});
