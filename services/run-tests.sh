#!/usr/bin/env bash
# Lints and tests the Python workloads.
set -euo pipefail
cd "$(dirname "$0")"
. ./test-environment.sh

"$environment/bin/ruff" check .
"$environment/bin/ruff" format --check .
exec "$environment/bin/python" -m pytest "$@"
