#!/usr/bin/env bash
# How much the library adds to a stripped program, and how much memory an idle client holds.
# Usage: tests/bench/footprint.sh [build folder, default build/release]
set -euo pipefail
build=${1:-build/release}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in footprint_without footprint_with; do
  strip -o "$scratch/$name" "$build/tests/bench/$name"
done
without=$(stat -c %s "$scratch/footprint_without")
with=$(stat -c %s "$scratch/footprint_with")
echo "the library adds $(((with - without) / 1024)) KiB to a stripped program"
"$scratch/footprint_with" "$scratch/data"
