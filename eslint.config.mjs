import eslint from "@eslint/js";
import pulumi from "@pulumi/eslint-plugin";
import prettier from "eslint-config-prettier";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["node_modules", ".flts"] },
    eslint.configs.recommended,
    tseslint.configs.strictTypeChecked,
    tseslint.configs.stylisticTypeChecked,
    {
        plugins: { "@pulumi": pulumi },
        languageOptions: {
            parserOptions: {
                projectService: { allowDefaultProject: ["eslint.config.mjs", "cli/data/*.mjs"] },
            },
        },
        rules: {
            "@pulumi/no-output-in-template-literal": "error",
            "max-lines": ["error", { max: 300, skipBlankLines: false, skipComments: false }],
            // Numbers read well in messages; everything else still has to be converted on purpose.
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
        },
    },
    { files: ["tests/**/*.ts"], rules: { "@typescript-eslint/no-unused-expressions": "off" } },
    {
        files: ["**/*.mjs", "services/**/*.js"],
        ...tseslint.configs.disableTypeChecked,
        rules: {
            ...tseslint.configs.disableTypeChecked.rules,
            "@pulumi/no-output-in-template-literal": "off",
        },
    },
    { files: ["services/**/*.js"], languageOptions: { globals: globals.browser } },
    prettier,
);
