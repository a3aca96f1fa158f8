#!/usr/bin/env bash
# Line and branch coverage of src/, a folder a line, and whether the goals are met (tests/coverage.py has them, and what
# is not counted); what is not covered goes to build/coverage/uncovered.txt.
#   tests/coverage.sh                builds the preset `coverage`, runs what counts: below 10 minutes on 2 cores
#   tests/coverage.sh --again        only counts what the last run has left
#   tests/coverage.sh unit_engine    builds and runs this alone; the goals then say little
# What counts: the tests that look at what they call. Fuzzing, seeded bugs, installing and benchmarks do not, nor do the
# kills and faults of tests/fault: a process that is killed writes down nothing, and all else they reach is reached here.
# Each program runs as a whole: started anew for each case, as ctest does, it would spend its time on writing counts.
# Exit 0: all goals are met. 1: one is not. 2: a program failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/coverage
export SYNCLINE_BINARY=$PWD/$build/src/cli/syncline PYTHONDONTWRITEBYTECODE=1

# The longest first.
programs=(syncline_cli unit_store_damage unit_store unit_service unit_engine unit_client scenario_runner unit_identity syncline_sim processes
  unit_service_delivery unit_connectivity unit_sync_api unit_sim_disk small_worlds small_store unit_core unit_wire unit_auth unit_net cli_test
  contract contract_store)

# NAME: COMMAND, a line each.
jobs_of() {
  case $1 in
    syncline_sim)
      local profile
      for profile in calm network disk restore single processes identities accounts deliveries default; do
        echo "sim.$profile: $build/tests/sim/syncline_sim --seed 1 --runs 20 --profile $profile --failures $build"
      done
      ;;
    small_worlds) echo "small_worlds: $build/tests/small_worlds/small_worlds --random 1000" ;;
    scenario_runner) echo "scenarios: $build/tests/scenario/scenario_runner tests/scenario/files/*.json" ;;
    syncline_cli) echo "cli_command: python3 tests/unit/cli/cli_test.py" ;;
    *) echo "$1: $(find "$build/tests" -name "$1" -type f -perm -u+x)" ;;
  esac
}

run_job() {
  local name=${1%%:*} started=$SECONDS
  if ! bash -c "${1#*: }" > "$2/$name.log" 2>&1; then
    echo "FAILED $name:"
    tail -20 "$2/$name.log"
    return 1
  fi
  echo "$name: $((SECONDS - started)) s"
}
export -f run_job

platform/install_debian.sh coverage
if [[ ${1:-} != --again ]]; then
  (($# == 0)) || programs=("$@")
  cmake --preset coverage -DSYNCLINE_BENCHMARKS=OFF -DSYNCLINE_SAMPLES=OFF > /dev/null
  cmake --build "$build" -j "$(nproc)" --target "${programs[@]}" | tail -1
  find "$build" -name '*.gcda' -delete
  mkdir -p "$build/logs"
  for program in "${programs[@]}"; do jobs_of "$program"; done |
    xargs -d '\n' -P "$(nproc)" -I '{}' bash -c "run_job '{}' '$build/logs'" || exit 2
fi
# The small worlds are optimized: their branches are not those of the source.
gcovr --root . --filter 'src/' --exclude-directories '.*/small_worlds_core\.dir' \
  --exclude-throw-branches --exclude-unreachable-branches --gcov-ignore-parse-errors -j "$(nproc)" --json "$build/coverage.json" "$build" 2> "$build/gcovr.log" ||
  { tail "$build/gcovr.log"; exit 2; }
python3 tests/coverage.py "$build/coverage.json" > "$build/coverage.txt" && met=0 || met=$?
sed '/^uncovered:/,$d' "$build/coverage.txt"
sed -n '/^uncovered:/,$p' "$build/coverage.txt" > "$build/uncovered.txt"
exit "$met"
