/** Settings that earlier versions had, and what does their work now, as the end of a sentence about them. */
const REMOVED: Readonly<Record<string, string>> = {
    allowDataLoss:
        "what may be deleted is an argument of one run: `make up ALLOW_DATA_LOSS=<names>`, or `FLTS_ALLOW_DATA_LOSS=<names> pulumi up`",
    "dataset.file": "data is uploaded beside the stack: run `make data FILE=<csv or folder>`",
    "dataset.testFile":
        "held-out rows are uploaded beside the data: name them <name>_test.csv and run `make data FILE=<name>.csv`",
    "images.tag":
        "the program computes each image's tag from its inputs; `npx ts-node toolchain/images/main.ts list` prints the references",
    "preprocess.forceReprocess":
        "run `kubectl exec deployment/preprocess -- python main.py --reprocess` whenever that is wanted",
    "preprocess.resendClaims":
        "run `kubectl exec deployment/preprocess -- python main.py --resend` whenever that is wanted",
};

/** Groups of settings that earlier versions had under another name, and the name that they have now. */
const RENAMED_GROUPS: Readonly<Record<string, string>> = { evaluation: "evaluator" };

/** What became of a setting of an earlier version, and what to use instead; undefined for one that never was. */
export function replacementOf(path: string): string | undefined {
    const removed = REMOVED[path];
    if (removed !== undefined) {
        return `this setting was removed; ${removed}`;
    }
    const [group = "", ...rest] = path.split(".");
    const renamed = RENAMED_GROUPS[group];
    return renamed === undefined || rest.length === 0
        ? undefined
        : `this setting was renamed; set flts:${[renamed, ...rest].join(".")}`;
}
