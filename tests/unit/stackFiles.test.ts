import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readSettings } from "../../stacks/settings/read";

const root = join(__dirname, "..", "..");

describe("the committed settings", () => {
    for (const stack of ["dev", "prod"]) {
        it(`Pulumi.${stack}.yaml has no mistake, except what its user must set`, () => {
            const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as {
                config: Record<string, unknown>;
            };
            const given = Object.fromEntries(
                Object.entries(config).map(([key, value]) => [
                    key,
                    typeof value === "string" ? value : JSON.stringify(value),
                ]),
            );
            const target = '{"endpoint":"https://s3.example","bucket":"backup","existingSecret":"away"}';
            const decided = {
                "flts:backup.target": target,
                "flts:monitoring.webhook": '{"existingSecret":"receiver"}',
            };
            readSettings(
                {
                    ...given,
                    ...(stack === "prod" ? decided : {}),
                },
                stack,
            );
        });
    }
});
