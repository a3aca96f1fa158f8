#!/usr/bin/env bash
# The README's second command: installs what is missing (Debian 12), builds, and runs everything under ctest.
# Usage: tests/run.sh [PRESET, default dev] [arguments for ctest...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-dev}
shift || true

packages=(test)
[[ $preset != asan-ubsan && $preset != tsan ]] || packages+=(fuzz)  # clang
platform/install_debian.sh "${packages[@]}"
tests/conformance/install_sdk.sh
cmake --preset "$preset" -DSYNCLINE_BENCHMARKS=OFF
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)" "$@"
