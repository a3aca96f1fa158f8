#!/usr/bin/env bash
# Puts each seeded bug into a copy of the tree, one at a time, builds what can see it, and says which test killed it.
#   tests/mutants/run.sh            all of them: about half an hour on 2 cores
#   tests/mutants/run.sh NAME...    these
#   tests/mutants/run.sh --check    only whether all still apply; seconds, a ctest case
# Exit 0: all died. 1: one lives. 2: a patch no longer applies, or does not compile.
# SYNCLINE_MUTANTS_DIR: where the copy is built and kept, for a faster next time (default: made anew, removed after).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
if [[ ${1:-} == --check ]]; then
  broken=0
  for patch in "$here"/*.patch; do
    patch -d "$root" -p1 --forward --silent --dry-run < "$patch" > /dev/null && continue
    echo "$(basename "$patch") no longer applies: write it anew"
    broken=2
  done
  exit "$broken"
fi
work=${SYNCLINE_MUTANTS_DIR:-}
if [[ -z $work ]]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/syncline-mutants.XXXXXX")
  trap 'rm -rf "$work"' EXIT
fi
work=$(mkdir -p "$work" && cd "$work" && pwd)
tree=$work/tree
build=$tree/build/dev
jobs=$(nproc)

if command -v ccache > /dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$tree CCACHE_NOHASHDIR=1
fi

# As it is, with what is not committed. Files that are the same keep their times, so that they are not built again.
copy_tree() {
  local file
  cd "$root"
  while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue
    cmp -s "$file" "$tree/$file" && continue
    mkdir -p "$tree/$(dirname "$file")"
    cp "$file" "$tree/$file"
  done < <(git ls-files -z --cached --others --exclude-standard)
}

header() {  # PATCH FIELD
  sed -n "s/^$2: //p" "$1" | head -1
}

configure() {
  cmake -S "$tree" --preset dev -DSYNCLINE_BENCHMARKS=OFF -DSYNCLINE_SAMPLES=OFF > "$work/configure.log" 2>&1 ||
    { cat "$work/configure.log"; exit 2; }
}

build_targets() {
  # shellcheck disable=SC2086  # several targets
  cmake --build "$build" -j "$jobs" --target $1 > "$work/build.log" 2>&1
}

# first_failure REGEX [CTEST_ARGUMENT...]: of one mutant's tests, prints the first that fails.
first_failure() {
  ctest --test-dir "$build" -j "$jobs" --stop-on-failure -R "$@" > "$work/test.log" 2>&1 && return 1
  sed -n -E 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*\*\*\*.*/\1/p' "$work/test.log" | head -1
}

try_one() {
  local patch=$1 name verdict started=$SECONDS
  name=$(basename "$patch" .patch)
  if ! patch -d "$tree" -p1 --forward --silent --dry-run < "$patch" > "$work/patch.log" 2>&1; then
    printf 'BROKEN  %-36s does not apply: write it anew\n' "$name"
    broken=$((broken + 1))
    return
  fi
  patch -d "$tree" -p1 --forward --silent < "$patch"
  if ! build_targets "$(header "$patch" targets)"; then
    printf 'BROKEN  %-36s does not build\n' "$name"
    grep -m3 error "$work/build.log" || true
    broken=$((broken + 1))
  elif verdict=$(first_failure "$(header "$patch" tests)") && [[ -n $verdict ]]; then
    printf 'killed  %-36s by %s, %d s\n' "$name" "$verdict" $((SECONDS - started))
    killed=$((killed + 1))
  else
    printf 'LIVES   %-36s %s, %d s\n' "$name" "$(head -1 "$patch")" $((SECONDS - started))
  fi
  patch -d "$tree" -p1 --reverse --silent < "$patch"
}

total=0 killed=0 broken=0
patches=("${@/#/$here/}")
if (($# > 0)); then patches=("${patches[@]/%/.patch}"); else patches=("$here"/*.patch); fi
copy_tree
configure
# Without a mutant everything must pass, or a death proves nothing.
targets=$(for patch in "${patches[@]}"; do header "$patch" targets; done | tr ' ' '\n' | sort -u | tr '\n' ' ')
build_targets "$targets" || { tail -20 "$work/build.log"; exit 2; }
if failed=$(first_failure "$(for patch in "${patches[@]}"; do header "$patch" tests; done | sort -u | paste -sd '|')" --repeat until-pass:2); then
  echo "without a mutant, a test fails: ${failed:-see $work/test.log}"
  exit 2
fi
for patch in "${patches[@]}"; do
  total=$((total + 1))
  try_one "$patch"
done
echo "mutants $total, killed $killed"
((broken == 0)) || exit 2
((killed == total))
