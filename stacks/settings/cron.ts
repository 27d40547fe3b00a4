import { optionalText, text } from "./fields";

/** One field of a cron text: values, ranges and steps, with commas between them. */
function cronField(value: string): string {
    const item = `(\\*|${value}(-${value})?)(/\\d+)?`;
    return `${item}(,${item})*`;
}

/** Minute, hour, day of the month, month, day of the week: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax */
const CRON = new RegExp(
    `^${["[0-5]?\\d", "([01]?\\d|2[0-3])", "(0?[1-9]|[12]\\d|3[01])", "(0?[1-9]|1[0-2])", "[0-6]"]
        .map(cronField)
        .join(" ")}$`,
);

const SHAPE =
    "five cron fields in UTC with a space between them: minute, hour, day of the month, month, day of the week as 0 to 6";

/** When a CronJob runs. */
export const schedule = (doc: string, fallback: string) => text(doc, fallback, CRON, SHAPE);

/** When a CronJob runs that exists only where it is given a schedule. */
export const optionalSchedule = (doc: string) => optionalText(doc, CRON, SHAPE);
