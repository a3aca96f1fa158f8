#!/usr/bin/python3
"""Compares README.md's first C++ block with the sample that it shows, so that what readers copy is what was run."""

import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    sample = (ROOT / "samples/first_sync.cc").read_text(encoding="utf-8")
    shown = re.search(r"// \[readme\]\n(.*)// \[/readme\]\n", sample, re.DOTALL)[1]
    block = re.search(r"```cpp\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    if block is None:
        sys.exit("README.md has no ```cpp block")
    if block[1] != shown:
        difference = difflib.unified_diff(shown.splitlines(), block[1].splitlines(), "samples/first_sync.cc", "README.md",
                                          lineterm="")
        sys.exit("\n".join(difference))


if __name__ == "__main__":
    main()
