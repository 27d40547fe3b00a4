import { readDeployedData } from "../../components/access/deployedData";
import { dataChanges, refuseDataChanges } from "../../components/core/data/dataChanges";
import type { Settings } from "../settings/parsed/settings";
import { declaredData } from "./declaredData";

/**
 * Compares what keeps data in the cluster with what the settings declare, before anything is declared.
 *
 * @throws one error with every change that would lose data and is not in `allowed`.
 */
export async function checkData(
    settings: Settings,
    context: string,
    stack: string,
    allowed: readonly string[],
): Promise<void> {
    const deployed = await readDeployedData(context, settings.namespace.name, stack);
    refuseDataChanges(dataChanges(deployed, declaredData(settings), allowed));
}
