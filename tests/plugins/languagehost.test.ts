import assert from "node:assert/strict";
import { TestStack } from "./support/stack";

const program = `
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
export const plain = config.require("plain");
export const hidden = config.requireSecret("hidden");
export const place = [pulumi.getProject(), pulumi.getStack(), pulumi.runtime.isDryRun()].join("/");
const end: string = config.get("end") ?? "";
if (end === "throw") throw new pulumi.RunError("a message for the user");
if (end === "exit") process.exit(7);
const server = require("node:net").createServer().listen(0, "127.0.0.1");
server.unref();
`;

describe("language host", function () {
    this.timeout(300_000);
    let stack: TestStack;

    before(async () => {
        stack = await TestStack.create({}, program);
        assert.ok((await stack.run("config", "set", "plain", "bread")).ok);
        assert.ok((await stack.run("config", "set", "--secret", "hidden", "treasure")).ok);
    });
    after(() => {
        stack.remove();
    });

    it("runs a TypeScript program with its configuration, and ends although a server listens", async () => {
        const preview = await stack.run("preview");
        assert.match(preview.text, /place *: "plugins\/test\/true"/);
        const up = await stack.run("up", "--yes", "--skip-preview");
        assert.ok(up.ok, up.text);
        assert.match(up.text, /plain *: "bread"/);
        assert.match(up.text, /hidden *: \[secret\]/);
        assert.match(up.text, /place *: "plugins\/test\/false"/);
        assert.ok(!(await stack.rawState()).includes("treasure"));
    });

    it("shows an error of the program once, and nothing about exit codes", async () => {
        await stack.run("config", "set", "end", "throw");
        const { ok, text } = await stack.run("preview");
        assert.ok(!ok);
        assert.match(text, /error: a message for the user/);
        assert.ok(!text.includes("exit code"));
    });

    it("reports the exit code of a program that ends by itself", async () => {
        await stack.run("config", "set", "end", "exit");
        assert.match((await stack.run("preview")).text, /program exited with non-zero exit code: 7/);
    });

    it("names the Node.js it runs", async () => {
        assert.match((await stack.run("about")).text, new RegExp(`version='${process.version}'`));
    });
});
