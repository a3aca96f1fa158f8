#!/usr/bin/env bash
# clang-tidy over the library, the service and the command, with the rules of .clang-tidy. Takes minutes.
# Usage: tests/tidy.sh [PRESET, default dev] [part of a path...]; a configured build folder of the preset is needed, since
# that is where the compiler's commands are written down.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-dev}
shift || true

tidy=$(command -v clang-tidy-14 || command -v clang-tidy) || {
  echo "tidy.sh: clang-tidy is missing: apt-get install clang-tidy" >&2
  exit 1
}
commands=${SYNCLINE_BUILD:-build/$preset}
[[ -e $commands/compile_commands.json ]] || {
  echo "tidy.sh: $commands is not configured: cmake --preset $preset" >&2
  exit 1
}

files=()
while IFS= read -r file; do
  for part in "${@:-src/}"; do
    [[ $file != *"$part"* ]] || files+=("$file")
  done
done < <(find src -name '*.cc' | sort)
# GCC's own warning flags mean nothing to clang.
printf '%s\n' "${files[@]}" |
  xargs -P "$(nproc)" -n 1 "$tidy" --quiet -p "$commands" --extra-arg=-Wno-unknown-warning-option
echo "${#files[@]} files are tidy"
