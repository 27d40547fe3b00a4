import { MODEL_TYPES, NETWORK_TYPES } from "../../components/contract";
import { contradiction as problem, type Problem } from "./problems";
import type { GivenSettings } from "./schema";

/** Contradictions among how many trainers there are, and what they train on. */
export function trainingContradictions(settings: GivenSettings): Problem[] {
    return [...trainers(settings), ...gpus(settings)];
}

function trainers({ layers, kafka, training }: GivenSettings): Problem[] {
    return MODEL_TYPES.flatMap((type) => {
        const replicas = training.replicas[type];
        const path = `training.replicas.${type}`;
        if (replicas > 1 && !training.models.includes(type)) {
            return [
                problem(path, replicas, "is of a family that flts:training.models leaves out; remove it"),
            ];
        }
        // Where another stack has Kafka, its partitions are that stack's setting.
        return layers.includes("infrastructure") && replicas > kafka.partitions
            ? [
                  problem(
                      path,
                      replicas,
                      `must not be above flts:kafka.partitions (${kafka.partitions}): the others would have nothing to do; ` +
                          "raise it; it can only grow",
                  ),
              ]
            : [];
    });
}

/** A GPU for nobody would only make the image build long. */
function gpus({ training: { models, gpu } }: GivenSettings): Problem[] {
    return gpu.count > 0 && !models.some((type) => NETWORK_TYPES.includes(type))
        ? [
              problem(
                  "training.gpu.count",
                  gpu.count,
                  `is for the families ${NETWORK_TYPES.join(" and ")}, which flts:training.models leaves out; add one, or set it to 0`,
              ),
          ]
        : [];
}
