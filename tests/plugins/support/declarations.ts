import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ts from "typescript";

/** A property as a package's types declare it. */
export interface Shape {
    readonly type: string;
    readonly required: boolean;
}

/** What the types of a package say about a resource. */
export interface Declared {
    readonly token: string;
    readonly inputs: Readonly<Record<string, Shape>>;
    readonly outputs: Readonly<Record<string, Shape>>;
    /** Names of the outputs that the package always keeps secret, sorted. */
    readonly secrets: readonly string[];
}

function packageDirectory(name: string): string {
    return dirname(require.resolve(`@pulumi/${name}/package.json`));
}

/** Version of the installed npm package. */
export function npmVersion(name: string): string {
    const manifest = JSON.parse(readFileSync(join(packageDirectory(name), "package.json"), "utf8")) as {
        version: string;
    };
    return manifest.version;
}

/** Members of an interface or class of a declaration file. */
function members(path: string, name: string): readonly (ts.PropertySignature | ts.PropertyDeclaration)[] {
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    const declaration = source.statements.find(
        (one): one is ts.InterfaceDeclaration | ts.ClassDeclaration =>
            (ts.isInterfaceDeclaration(one) || ts.isClassDeclaration(one)) && one.name?.text === name,
    );
    if (declaration === undefined) {
        throw new Error(`${path} declares no ${name}`);
    }
    const all: readonly ts.Node[] = declaration.members;
    return all.filter(
        (one): one is ts.PropertySignature | ts.PropertyDeclaration =>
            ts.isPropertySignature(one) || ts.isPropertyDeclaration(one),
    );
}

/** The alternatives of a type without the `Input<>` and `Output<>` around it. */
function alternatives(type: ts.TypeNode): readonly ts.TypeNode[] {
    if (ts.isTypeReferenceNode(type) && /^pulumi\.(Input|Output)$/.test(type.typeName.getText())) {
        return type.typeArguments?.flatMap(alternatives) ?? [];
    }
    return ts.isUnionTypeNode(type) ? type.types.flatMap(alternatives) : [type];
}

/** A type as one word: that of a schema, "integer" being "number". */
function typeName(type: ts.TypeNode): string {
    if (ts.isArrayTypeNode(type)) {
        return `${alternatives(type.elementType).map(typeName).join("|")}[]`;
    }
    return ts.isTypeReferenceNode(type) || ts.isTypeLiteralNode(type) ? "object" : type.getText();
}

function shapes(path: string, name: string): Record<string, Shape> {
    return Object.fromEntries(
        members(path, name).map((member) => {
            const types = member.type === undefined ? [] : alternatives(member.type);
            const present = types.filter((one) => one.kind !== ts.SyntaxKind.UndefinedKeyword);
            const optional = member.questionToken !== undefined || present.length < types.length;
            return [
                member.name.getText(),
                { type: present.map(typeName).join("|"), required: !optional },
            ] as const;
        }),
    );
}

/** What the types say about a resource, and its code about token and secrets, which types cannot say. */
export function declaredResource(packageName: string, resource: string): Declared {
    const directory = packageDirectory(packageName);
    const file = readdirSync(directory).find((one) => one.toLowerCase() === `${resource.toLowerCase()}.d.ts`);
    if (file === undefined) {
        throw new Error(`@pulumi/${packageName} has no ${resource}`);
    }
    const path = join(directory, file);
    const code = readFileSync(path.replace(/\.d\.ts$/, ".js"), "utf8");
    const secrets = /additionalSecretOutputs: (\[[^\]]*\])/.exec(code)?.[1] ?? "[]";
    return {
        token: /__pulumiType = '([^']*)'/.exec(code)?.[1] ?? "",
        inputs: shapes(path, `${resource}Args`),
        outputs: shapes(path, resource),
        secrets: (JSON.parse(secrets) as string[]).sort(),
    };
}

/** What the types say about the inputs of a package's Provider. */
export function declaredProvider(packageName: string): Record<string, Shape> {
    return shapes(join(packageDirectory(packageName), "provider.d.ts"), "ProviderArgs");
}
