"""Runs the AWS CLI as it is told: a JSON object a line in, {arguments, environment}; one out, {status, out, err}.

Each command is a process of its own that runs what /usr/bin/aws runs; forked from here, it is spared the second that the
CLI's imports take. Runs under Debian's Python, with Debian's awscli.
"""

import json
import os
import sys
import tempfile

import awscli.clidriver


def run(question, out, err):
    """In the child; does not return."""
    os.environ.update(question["environment"])
    for number, file in ((0, open(os.devnull, "rb")), (1, out), (2, err)):
        os.dup2(file.fileno(), number)
    sys.argv = ["aws", *question["arguments"]]
    status = 255
    try:
        status = awscli.clidriver.main()
        sys.stdout.flush()
    finally:
        os._exit(status)


def main():
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(json.loads(line), out, err)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        print(json.dumps({"status": status, "out": texts[0], "err": texts[1]}), flush=True)


if __name__ == "__main__":
    main()
