import { loadPyodide, type PyodideAPI } from "pyodide";
import { join } from "node:path";

/** The services' Python, whose rules for CSV files hold here too. */
const SERVICES = join(__dirname, "../../services/flts");
const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

let loaded: Promise<PyodideAPI> | undefined;

/**
 * Python's interpreter in WebAssembly with the services' sources as package `flts`; only what needs no more than the
 * standard library can be imported. Loading takes a second or two, once in a process.
 */
export function python(): Promise<PyodideAPI> {
    loaded ??= load();
    return loaded;
}

async function load(): Promise<PyodideAPI> {
    const interpreter = await loadPyodide();
    interpreter.mountNodeFS("/services/flts", SERVICES);
    interpreter.registerJsModule("flts_zones", { offset_seconds: offsetSeconds });
    interpreter.runPython('import sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, "/services")');
    return interpreter;
}

/**
 * A time zone's distance to UTC: WebAssembly's Python has no database of zones.
 *
 * @param seconds since 1970, in UTC.
 * @returns seconds, or undefined where there is no such zone.
 */
function offsetSeconds(zone: string, seconds: number): number | undefined {
    const format = zoneFormat(zone);
    if (format === undefined) {
        return undefined;
    }
    const parts = format.formatToParts(seconds * 1000);
    const found = OFFSET.exec(parts.find(({ type }) => type === "timeZoneName")?.value ?? "");
    if (found === null) {
        return undefined;
    }
    const [, sign, hours = "0", minutes = "0", rest = "0"] = found;
    const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
    return sign === "-" ? -offset : offset;
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
    if (!formats.has(zone)) {
        formats.set(zone, newZoneFormat(zone));
    }
    return formats.get(zone);
}

function newZoneFormat(zone: string): Intl.DateTimeFormat | undefined {
    try {
        return new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
    } catch {
        return undefined;
    }
}
