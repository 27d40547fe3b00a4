#!/usr/bin/env bash
# Measures what series cost, as in `run-benchmark.sh series 1 10 100`, or one process that serves them: docs/scale.md.
set -euo pipefail
cd "$(dirname "$0")"
. ./test-environment.sh

exec "$environment/bin/python" -m "benchmarks.$1" "${@:2}"
