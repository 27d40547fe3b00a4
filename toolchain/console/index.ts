/** Output for people, shared by every driver of the toolchain: steps with time left, tables, clear failures. */
export { fail, runMain, UserError } from "./failure";
export { formatBytes, formatDuration, table } from "./format";
export { createConsole, type Console, type OutputStream } from "./output";
export { Progress, type Report, type StepOptions } from "./progress";
