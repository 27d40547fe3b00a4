// Python's interpreter in WebAssembly as a process that answers requests, where there is no python3 to do so:
// webAssembly.mjs SERVICES. Plain JavaScript, because a compiler would take more memory than the check does.
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { loadPyodide } from "pyodide";

const OFFSET = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/;
/** Where the machine's files lie for Python, and which arguments of a request are paths. */
const MACHINE = "/machine";
const PATHS = ["train", "test", "path", "folder", "train_lines", "test_lines"];

/** @type {Map<string, Intl.DateTimeFormat | undefined>} */
const formats = new Map();

/** How a zone writes its distance to UTC; undefined where there is no such zone. */
function zoneFormat(zone) {
    if (!formats.has(zone)) {
        formats.set(zone, newZoneFormat(zone));
    }
    return formats.get(zone);
}

function newZoneFormat(zone) {
    try {
        return new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
    } catch {
        return undefined;
    }
}

/**
 * A time zone's distance to UTC at a time in seconds since 1970: WebAssembly's Python has no database of zones.
 * In seconds, or undefined where there is no such zone.
 */
function offsetSeconds(zone, seconds) {
    const parts = zoneFormat(zone)?.formatToParts(seconds * 1000);
    const found = OFFSET.exec(parts?.find(({ type }) => type === "timeZoneName")?.value ?? "");
    if (found === null) {
        return undefined;
    }
    const [, sign, hours = "0", minutes = "0", rest = "0"] = found;
    const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
    return sign === "-" ? -offset : offset;
}

const say = (line) => {
    process.stdout.write(`${line}\n`);
};

const python = await loadPyodide();
python.mountNodeFS("/services/flts", join(process.argv[2], "flts"));
python.mountNodeFS(MACHINE, "/");
python.registerJsModule("flts_zones", { offset_seconds: offsetSeconds });
python.runPython('import sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, "/services")');
const check = python.pyimport("flts.preprocess.reading.check");
say(check.READY);
for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    for (const name of PATHS.filter((name) => request.arguments[name])) {
        request.arguments[name] = `${MACHINE}${request.arguments[name]}`;
    }
    say(check.answer(JSON.stringify(request), say));
}
