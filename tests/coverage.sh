#!/usr/bin/env bash
# Line and branch coverage of src/, a folder a line, and whether the goals are met; what is not covered goes to
# build/coverage/uncovered.txt.
#   tests/coverage.sh                 builds the preset `coverage`, runs all tests: about half an hour on 2 cores
#   tests/coverage.sh --again         only counts what the last run has left
#   tests/coverage.sh -R unit_engine  what follows goes to ctest; the goals then say little
# Exit 0: all goals are met. Branches that only an exception takes are the compiler's, and not counted.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/coverage

platform/install_debian.sh coverage
if [[ ${1:-} != --again ]]; then
  cmake --preset coverage -DSYNCLINE_BENCHMARKS=OFF -DSYNCLINE_SAMPLES=OFF > /dev/null
  cmake --build --preset coverage -j "$(nproc)" | tail -1
  find "$build" -name '*.gcda' -delete
  ctest --preset coverage -j "$(nproc)" -LE 'install|conformance' -E '^house' "$@" | tail -3
fi
gcovr --root . --filter 'src/' --exclude-throw-branches --exclude-unreachable-branches \
  --gcov-ignore-parse-errors --json "$build/coverage.json" "$build" 2> "$build/gcovr.log" ||
  { tail "$build/gcovr.log"; exit 1; }
python3 tests/coverage.py "$build/coverage.json" > "$build/coverage.txt" && met=0 || met=$?
sed '/^uncovered:/,$d' "$build/coverage.txt"
sed -n '/^uncovered:/,$p' "$build/coverage.txt" > "$build/uncovered.txt"
exit "$met"
