import assert from "node:assert/strict";
import { SettingsError } from "../../stacks/settings/problems";

/** Messages with which settings are refused when they are read; none where they are accepted. */
export function mistakesOf(read: () => unknown): string[] {
    try {
        read();
    } catch (error) {
        assert.ok(error instanceof SettingsError, String(error));
        return error.problems.map(({ message }) => message);
    }
    return [];
}
