#!/usr/bin/python3
"""Runs samples/first_sync (its path is the argument) against a real service, twice: a new save game and an old one."""

import pathlib
import subprocess
import sys
import tempfile
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/conformance"))
import serve  # noqa: E402


def main():
    with serve.Service() as service, tempfile.TemporaryDirectory() as folder:
        environment = serve.clean_environment(
            SYNCLINE_ENDPOINT=service.endpoint, SYNCLINE_REGION=service.region, SYNCLINE_POOL=service.pool,
            SYNCLINE_IDENTITY=f"{service.region}:{uuid.uuid4()}", SYNCLINE_ACCESS_KEY=service.access_key,
            SYNCLINE_SECRET_KEY=service.secret_key)
        for count in (1, 2):
            printed = subprocess.run([sys.argv[1]], cwd=folder, env=environment, check=True, timeout=60,
                                     stdout=subprocess.PIPE, text=True).stdout
            expected = f"level 12\npushed 1, sync count {count}\n"
            if printed != expected:
                sys.exit(f"printed {printed!r}, not {expected!r}")


if __name__ == "__main__":
    main()
