#!/usr/bin/env bash
# The README's second command: installs what is missing (Debian 12), builds, and passes all tests. As CI does it, in three
# builds: everything under ASan and UBSan; what has threads under TSan; and in release what a sanitizer makes too slow to be
# played whole: simulated histories, faults at every point, kills.
# Usage: tests/run.sh [PRESET [arguments for ctest...]]: all tests of one preset of CMakePresets.json instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Stores are synced to the disk thousands of times, and no power cut comes: a file system in memory, if it has room, will do.
if [[ -z ${TMPDIR:-} && -w /dev/shm ]] && (($(df --output=avail -k /dev/shm | tail -1) > 4000000)); then
  export TMPDIR=/dev/shm
fi

configure() {
  local packages=(test)
  [[ $1 != asan-ubsan && $1 != tsan ]] || packages+=(fuzz)  # clang
  platform/install_debian.sh "${packages[@]}"
  tests/conformance/install_sdk.sh
  cmake --preset "$@" -DSYNCLINE_BENCHMARKS=OFF
}

# PRESET LABEL: the part of the tests that has this label. Several sources at a time compile in half the time.
part() {
  configure "$1" -DCMAKE_UNITY_BUILD=ON
  cmake --build --preset "$1" --target "tests_$2"
  ctest --preset "$1" -j "$(nproc)" -L "$2"
}

whole() {
  local preset=$1
  shift
  configure "$preset"
  cmake --build --preset "$preset"
  ctest --preset "$preset" -j "$(nproc)" "$@"
}

if (($#)); then
  whole "$@"
else
  whole asan-ubsan
  part tsan threads
  part release heavy
fi
