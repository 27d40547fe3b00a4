import { z } from "zod";
import { boolean } from "./fields";

/** Settings of all volumes. */
export const volumes = z
    .strictObject({
        retain: boolean(
            "Keep volumes whose claims are deleted, with the stack's own storage class <namespace>-retain",
            false,
        ),
    })
    .prefault({});
