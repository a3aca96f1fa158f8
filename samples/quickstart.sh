#!/usr/bin/env bash
# The README's first command: installs what is missing (Debian 12), builds release, and tells a story that is true only if
# every step of it is. Ends with 0 only then. `--built DIR` takes an existing build folder instead, and installs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/release
if [[ ${1:-} == --built ]]; then
  build=$2
else
  platform/install_debian.sh quickstart
  # What tests and benchmarks need is not installed for this; a build folder that has them is taken as it is.
  [[ -e $build/build.ninja ]] || cmake --preset release -DSYNCLINE_TESTS=OFF -DSYNCLINE_BENCHMARKS=OFF
  cmake --build "$build" --target syncline_cli quickstart
fi
syncline=$build/src/cli/syncline
quickstart=$build/samples/quickstart

work=$(mktemp -d)
service=
cleanup() {
  if [[ -n $service ]]; then
    kill "$service" 2>/dev/null || true
    wait "$service" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "quickstart.sh: $1" >&2
  [[ ! -s $work/log ]] || sed 's/^/  service: /' "$work/log" >&2
  exit 1
}

# The service says in one line of JSON on standard output when and where it can be reached.
mkfifo "$work/ready"
"$syncline" serve --listen 127.0.0.1:0 --data "$work/service" >"$work/ready" 2>"$work/log" &
service=$!
exec 3<"$work/ready"
read -r -t 60 ready <&3 || fail "the service did not get ready"
eval "$(/usr/bin/python3 -c '
import json, shlex, sys, uuid
ready = json.loads(sys.argv[1])
settings = {"ENDPOINT": ready["endpoint"], "REGION": ready["region"], "POOL": ready["identity_pool_id"],
            "ACCESS_KEY": ready["access_key_id"], "SECRET_KEY": ready["secret_access_key"],
            "IDENTITY": ready["region"] + ":" + str(uuid.uuid4())}
for name, value in settings.items():
    print(f"export SYNCLINE_{name}={shlex.quote(value)}")
' "$ready")"
echo "A service is running at $SYNCLINE_ENDPOINT, with an empty data directory."

"$quickstart" play "$work/devices" || fail "the first step failed"
"$quickstart" settle "$work/devices" || fail "the second step failed"
"$quickstart" show "$work/devices" >"$work/ours" || fail "the last step failed"
sed 's/^/  /' "$work/ours"

echo "The vendor's own SDK reads from the service:"
/usr/bin/python3 samples/read_with_botocore.py >"$work/theirs" || fail "botocore could not read the dataset"
sed 's/^/  /' "$work/theirs"
[[ -s $work/ours ]] || fail "there are no records"
cmp -s "$work/ours" "$work/theirs" || fail "what the SDK reads is not what the devices hold"

kill "$service"
wait "$service" || fail "the service did not end cleanly"
service=
echo "All equal: the devices, the service, and what the SDK sees."
