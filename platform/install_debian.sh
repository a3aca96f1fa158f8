#!/usr/bin/env bash
# Installs what is missing on Debian 12, and does nothing if nothing is. Usage: platform/install_debian.sh GROUP...
#   build       the library, the service and the command
#   quickstart  build, and the vendor's SDK that reads along
#   test        build, and what the tests use
#   bench       build, and Google Benchmark
#   fuzz        build, and clang with its sanitizers
#   coverage    test, and gcovr
set -euo pipefail

build=(g++ cmake ninja-build pkg-config ca-certificates libsqlite3-dev libcurl4-openssl-dev libssl-dev
  nlohmann-json3-dev libboost-dev zlib1g-dev libspdlog-dev libtomlplusplus-dev libcli11-dev)
sdk=(python3 python3-botocore)
clients=("${sdk[@]}" awscli)
# Debian's npm can't be installed beside a Node.js from elsewhere, which does as well.
{ command -v node && command -v npm; } >/dev/null || clients+=(nodejs npm)

wanted=()
for group in "${@:-build}"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    quickstart) wanted+=("${build[@]}" "${sdk[@]}") ;;
    test) wanted+=("${build[@]}" "${clients[@]}" libgtest-dev libgmock-dev openssl clang-format git patch) ;;
    fuzz) wanted+=("${build[@]}" clang-16 lld-16 libclang-rt-16-dev) ;;
    coverage) wanted+=("${build[@]}" "${sdk[@]}" libgtest-dev libgmock-dev openssl clang-format git patch gcovr) ;;
    bench) wanted+=("${build[@]}" libbenchmark-dev binutils) ;;
    *)
      echo "install_debian.sh: no group is called '$group' (build, quickstart, test, bench, fuzz, coverage)" >&2
      exit 2
      ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    echo "install_debian.sh: neither root nor sudo; missing: ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
