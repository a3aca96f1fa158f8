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
skipped=0
while IFS= read -r file; do
  for part in "${@:-src/}"; do
    [[ $file == *"$part"* ]] || continue
    if grep -q co_await "$file"; then  # clang-tidy 14 does not survive GCC's coroutines
      skipped=$((skipped + 1))
    else
      files+=("$file")
    fi
    break
  done
done < <(find src -name '*.cc' | sort)
((${#files[@]})) || { echo "tidy.sh: no file of src has that in its path" >&2; exit 1; }

check() {  # FILE. GCC's own warning flags mean nothing to clang.
  "$tidy" --quiet -p "$commands" --extra-arg=-Wno-unknown-warning-option "$1" && return
  echo "untidy: $1"
  return 1
}
export -f check
export tidy commands
# xargs goes on after a file that is not tidy, and says so at the end.
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -I '{}' bash -c "check '{}'"
echo "${#files[@]} files are tidy, $skipped with coroutines were not looked at"
