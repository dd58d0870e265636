#!/usr/bin/env bash
# Builds every server and the generator, then runs the matrix. See README.md.
#   ./run.sh                       quick, about 5 minutes
#   ./run.sh -mode full            the whole matrix, about 25 minutes
#   ./run.sh -target 'name=cmd,url,dialect' ...
# All flags go to bin/bench.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
mkdir -p bin
GOWORK=off go build -o bin/ ./cmd/...
exec bin/bench "$@"
