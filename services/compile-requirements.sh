#!/usr/bin/env bash
# Compiles requirements/<extra>.txt from the extras of pyproject.toml: exact versions, and the SHA-256 of their files.
# The platform is that of the Python images, Debian 12. Versions stay where pyproject.toml allows it. Arguments go to uv: --upgrade,
# or --upgrade-package NAME.
set -euo pipefail
cd "$(dirname "$0")"
. ./test-environment.sh

for file in requirements/*.txt; do
    extra=$(basename "$file" .txt)
    # MLflow's server, which tests run, would hold pyarrow back; they run with that of the services' images.
    override=$([ "$extra" != test ] || echo pyarrow)
    "$environment/bin/uv" pip compile pyproject.toml --extra "$extra" --override <(echo "$override") --output-file "$file" \
        --python-version 3.11 --python-platform x86_64-manylinux_2_36 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --quiet "$@"
done
