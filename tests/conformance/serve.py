"""Starts and stops a real `syncline serve` on a free loopback port. Standard library only.

The binary is taken from SYNCLINE_BINARY, which ctest sets.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

# Generous: machines that run tests are busy, and nothing waits this long unless something is broken.
START_SECONDS = 30
STOP_SECONDS = 30


def binary():
    path = os.environ.get("SYNCLINE_BINARY")
    if not path:
        raise SystemExit("set SYNCLINE_BINARY to the syncline command, such as build/dev/src/cli/syncline")
    return path


def clean_environment(**more):
    """The process's environment without settings that a developer happens to have exported."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SYNCLINE_", "AWS_"))}
    kept.update(more)
    return kept


class Service:
    """One service process with a data directory of its own, which outlives restarts and ends with close()."""

    def __init__(self, config=None, data=None):
        self.folder = tempfile.mkdtemp(prefix="syncline-service-")
        self.data = data or os.path.join(self.folder, "data")
        self.config = None
        if config is not None:
            self.config = os.path.join(self.folder, "service.toml")
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(config)
        self.log_path = os.path.join(self.folder, "log")
        self.process = None
        self.ready = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self, listen="127.0.0.1:0"):
        command = [binary(), "serve", "--listen", listen, "--data", self.data]
        if self.config:
            command += ["--config", self.config]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=clean_environment())
        self.ready = json.loads(self._first_line())
        if self.ready.get("event") != "ready":
            raise RuntimeError(f"the service's first line is {self.ready}")

    def _first_line(self):
        line = b""
        until = time.monotonic() + START_SECONDS
        stdout = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            if not select.select([stdout], [], [], max(0.0, until - time.monotonic()))[0]:
                raise RuntimeError(f"the service was not ready in {START_SECONDS} s; log:\n{self.log()}")
            piece = os.read(stdout, 4096)
            if not piece:
                raise RuntimeError(f"the service ended with {self.process.wait()}; log:\n{self.log()}")
            line += piece
        return line

    def stop(self, how=signal.SIGTERM):
        """Ends the process; returns its exit status, negative for the signal that killed it."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
            self.process = None
        return status

    def restart(self, how=signal.SIGTERM):
        status = self.stop(how)
        self.start()
        return status

    def close(self):
        if self.process is not None:
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def endpoint(self):
        return self.ready["endpoint"]

    @property
    def address(self):
        """(host, port), for raw sockets."""
        host, port = self.endpoint.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    @property
    def region(self):
        return self.ready["region"]

    @property
    def pool(self):
        return self.ready["identity_pool_id"]

    @property
    def access_key(self):
        return self.ready["access_key_id"]

    @property
    def secret_key(self):
        return self.ready["secret_access_key"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
