#!/usr/bin/env bash
# The same seeds, the same traces in several builds: each must have been built (target syncline_sim).
# Usage: tests/sim/same_traces.sh [PRESET...], default dev release asan-ubsan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
presets=("$@")
[[ ${#presets[@]} -gt 0 ]] || presets=(dev release asan-ubsan)

differ=0
for profile in calm default network disk restore single processes identities; do
  first=""
  for preset in "${presets[@]}"; do
    hash=$("build/$preset/tests/sim/syncline_sim" --seed 1 --runs 64 --profile "$profile" | grep '^trace hash')
    echo "$profile, $preset: $hash"
    [[ "${first:=$hash}" == "$hash" ]] || differ=1
  done
done
[[ $differ -eq 0 ]] || echo "the traces differ" >&2
exit $differ
