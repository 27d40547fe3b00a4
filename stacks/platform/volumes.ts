import { listStorageClasses } from "../../components/access/storageClasses";
import { chosenClass, type StorageClass } from "../../components/core/data/retainingClass";
import { retainingClassName } from "../../components/core/data/volumeClaim";
import type { Settings } from "../settings/parsed/settings";

/**
 * The class of the cluster that the stack's own, retaining one is to be like; undefined where it makes none.
 *
 * A stack on another one's infrastructure uses the class that this one made, by its name, and is refused without it: its
 * claims would wait forever.
 */
export async function sourceClass(settings: Settings, context: string): Promise<StorageClass | undefined> {
    return settings.volumes.retain ? sourceAmong(await listStorageClasses(context), settings) : undefined;
}

/** The same, among the classes that the cluster has. */
export function sourceAmong(
    classes: readonly StorageClass[],
    { layers, namespace, storageClass }: Settings,
): StorageClass | undefined {
    if (layers.includes("infrastructure")) {
        return chosenClass(classes, storageClass);
    }
    const name = retainingClassName(namespace.name);
    if (!classes.some(({ metadata }) => metadata?.name === name)) {
        throw new Error(
            `flts:volumes.retain = true: the cluster has no storage class ${name}, which the stack with the ` +
                "infrastructure makes; set flts:volumes.retain there and update it first.",
        );
    }
    return undefined;
}
