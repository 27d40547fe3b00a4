import { z } from "zod";
import { boolean } from "./fields";

/** Settings of all volumes. */
export const volumes = z
    .strictObject({
        retain: boolean(
            "Keep volumes that nothing claims any more, by a storage class of the stack's own, <namespace>-retain",
            false,
        ),
    })
    .prefault({});
