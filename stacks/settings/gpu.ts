import { z } from "zod";
import { pairs, tolerations } from "./cluster";
import { BYTES, BYTES_SHAPE, integer, LABEL, LABEL_SHAPE, optionalText, text } from "./fields";

/** Name of an extended resource: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources */
const EXTENDED_RESOURCE =
    /^(?!([a-z0-9-]+\.)*kubernetes\.io\/)[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;

/** GPUs of the trainers of GRU and LSTM. */
export const gpu = z
    .strictObject({
        count: integer(
            "How many of `resource` each trainer of GRU and LSTM gets; with 0 they train on the CPU. A trainer uses one GPU: " +
                "more than 1 is for resources that are parts of one",
            0,
            0,
            1_000_000,
        ),
        resource: text(
            "Extended resource by which the nodes' device plugin offers GPUs",
            "nvidia.com/gpu",
            EXTENDED_RESOURCE,
            "a domain, a slash and a name, such as nvidia.com/gpu",
        ),
        memory: optionalText(
            "Memory request and limit of a trainer with a GPU; those of `training.resources` when empty",
            BYTES,
            BYTES_SHAPE,
            "6Gi",
        ),
        nodeSelector: pairs("Labels of the nodes that trainers with a GPU run on", {
            "node.example/gpu": "t4",
        }),
        tolerations: tolerations(
            "Taints that trainers with a GPU tolerate, in addition to NoSchedule of the resource's name",
        ),
        runtimeClass: optionalText(
            "Runtime class that gives containers their GPUs, if it is not the nodes' default",
            LABEL,
            LABEL_SHAPE,
            "nvidia",
        ),
    })
    .prefault({});
