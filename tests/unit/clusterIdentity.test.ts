import assert from "node:assert/strict";
import { clusterIdentity } from "../../components/access/clusterIdentity";
import { AnsweringCluster } from "../support/answeringCluster";

describe("the identity of a cluster", () => {
    let status = 200;
    const server = new AnsweringCluster((url) => {
        assert.equal(url, "/api/v1/namespaces/kube-system");
        return { status, body: { metadata: { name: "kube-system", uid: "1b9e" } } };
    });

    before(() => server.start());
    after(() => server.stop());

    it("a cluster is identified by its namespace kube-system, if that may be read", async () => {
        assert.equal(await clusterIdentity("test"), "1b9e");
        status = 403;
        assert.equal(await clusterIdentity("test"), undefined);
        status = 500;
        await assert.rejects(clusterIdentity("test"));
    });
});
