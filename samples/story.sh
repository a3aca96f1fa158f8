#!/usr/bin/env bash
# Installs what is missing (Debian 12), builds release, and has story.py tell its story. `--built DIR` takes an existing
# build folder instead, and installs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/release
if [[ ${1:-} == --built ]]; then
  build=$2
else
  platform/install_debian.sh quickstart
  # What tests and benchmarks need is not installed for this; a build folder that has them is taken as it is.
  [[ -e $build/build.ninja ]] || cmake --preset release -DSYNCLINE_TESTS=OFF -DSYNCLINE_BENCHMARKS=OFF
  cmake --build "$build" --target syncline_cli story_device
fi
exec /usr/bin/python3 samples/story.py "$build"
