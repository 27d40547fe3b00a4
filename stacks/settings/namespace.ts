import { z } from "zod";
import { boolean, LABEL, LABEL_SHAPE, text } from "./fields";

const NAME = "flts";

/**
 * The namespace: its name alone, or a group that also says who creates it.
 *
 * Release 0.1.0 had the name alone. To the engine a key holds either text or a group, so that `Pulumi.yaml` declares this
 * setting as one.
 */
export const namespace = z
    .preprocess(
        (value) => (typeof value === "object" ? value : { name: value }),
        z.strictObject({
            name: text("Name of the namespace", NAME, LABEL, LABEL_SHAPE),
            create: boolean(
                "Create the namespace; false uses one that exists, and changes nothing of it",
                true,
            ),
        }),
    )
    .default({ name: NAME, create: true })
    .meta({
        description:
            "Namespace of the stack, which creates and deletes it; with `create: false` the stack uses an existing one, and " +
            "neither changes nor deletes it",
        allowed: `${LABEL_SHAPE}; or {name, create}, with create true or false`,
        default: NAME,
    });
