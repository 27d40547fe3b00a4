import type { Platform } from "../../components/core/platform";
import { Locust } from "../../components/loadTest/locust";
import type { Settings } from "../settings/parsed/settings";
import type { Serving } from "./serving";

/** Load for the forecast API, from inside the cluster; undefined when it is switched off, or the API is elsewhere. */
export function deployLoadTest(
    { loadTest }: Settings,
    platform: Platform,
    serving: Serving | undefined,
): Locust | undefined {
    return loadTest.enabled && serving !== undefined
        ? new Locust("locust", {
              platform,
              target: serving.loadBalancer.connection,
              load: loadTest,
              ...loadTest,
          })
        : undefined;
}
