import * as debuggable from "@pulumi/pulumi/runtime/debuggable";
import { leaveOutPromiseStacks, type DebuggablePromise } from "../../stacks/platform/promiseStacks";

/** Pulumi's function that tests run with, looked up at each use as Pulumi's modules do. */
export const pulumiModule = debuggable as unknown as { readonly debuggablePromise: DebuggablePromise };

/** The same function as Pulumi has it. */
export const { debuggablePromise: originalPromise } = pulumiModule;

/** Tests run the program under mocks, without index.ts, which does this for the engine. */
leaveOutPromiseStacks();
