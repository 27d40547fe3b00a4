import assert from "node:assert/strict";
import { SettingsError } from "../../stacks/settings/problems";
import { readSettings } from "../../stacks/settings/read";

describe("limits of requests", () => {
    for (const [what, inference, message] of [
        [
            "a forecast that could never be made",
            '{"limits":{"calls":5000}}',
            /inference\.limits\.waitingCalls = 4000: must not be below flts:inference\.limits\.calls \(5000\)/,
        ],
        [
            "a body that may take longer than its request",
            '{"limits":{"bodySeconds":60}}',
            /inference\.limits\.bodySeconds = 60: must not be above flts:loadBalancer\.requestTimeoutSeconds/,
        ],
    ] as const) {
        it(`limits refuse ${what}`, () => {
            assert.throws(
                () => readSettings({ "flts:inference": inference }, "dev"),
                (error) => error instanceof SettingsError && message.test(error.message),
            );
        });
    }

    it("a trusted proxy that is not a network is refused", () => {
        assert.throws(
            () => readSettings({ "flts:loadBalancer": '{"trustedProxies":["proxy"]}' }, "dev"),
            (error) => error instanceof SettingsError && /trustedProxies.*"proxy"/.test(error.message),
        );
    });
});
