import { leaveOutPromiseStacks } from "../../stacks/platform/promiseStacks";

/** Tests run the program under mocks, without index.ts, which does this for the engine. */
leaveOutPromiseStacks();
