#!/usr/bin/env bash
# Builds the fuzz targets with clang, and runs each over its corpus and on from there.
#   tests/fuzz/run.sh                    5 seconds each
#   tests/fuzz/run.sh 3600               an hour each
#   tests/fuzz/run.sh 60 answers store   these
# 0 seconds: only what is in the corpora. A crash ends it with exit 1 and leaves its input in build/fuzz/found; once it is
# mended, that input belongs into corpus/TARGET. New inputs stay in build/fuzz/corpus/TARGET, for the next time.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
seconds=${1:-5}
shift || true
targets=("$@")
((${#targets[@]} > 0)) || targets=(answers requests signatures tokens config store text pushes deliveries)

cd "$root"
platform/install_debian.sh fuzz
# Optimized code finds more in an hour, and takes minutes to build.
build_type=Debug
((seconds <= 60)) || build_type=RelWithDebInfo
cmake --preset fuzz -DCMAKE_BUILD_TYPE="$build_type" > /dev/null
cmake --build --preset fuzz -j "$(nproc)" > build/fuzz/build.log 2>&1 || { tail -40 build/fuzz/build.log; exit 1; }
mkdir -p build/fuzz/found
limit=(-max_total_time="$seconds")
[[ $seconds != 0 ]] || limit=(-runs=0)
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
for target in "${targets[@]}"; do
  mkdir -p "build/fuzz/corpus/$target"
  log=build/fuzz/$target.log
  if ! "build/fuzz/tests/fuzz/fuzz_$target" "${limit[@]}" -max_len=8192 -timeout=20 -rss_limit_mb=4096 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/found/$target-" \
    "build/fuzz/corpus/$target" "$here/corpus/$target" > "$log" 2>&1; then
    tail -60 "$log"
    echo "fuzz $target: FAILED"
    exit 1
  fi
  echo "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no crash"
done
