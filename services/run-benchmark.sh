#!/usr/bin/env bash
# Measures what so many series cost, as in `run-benchmark.sh 1 10 100`: docs/scale.md.
set -euo pipefail
cd "$(dirname "$0")"
. ./test-environment.sh

exec "$environment/bin/python" -m benchmarks.series "$@"
