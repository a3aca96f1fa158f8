"""Every C++ file is as clang-format leaves it. Usage: format.py ROOT CLANG_FORMAT"""
import subprocess
import sys

import tree


def main():
    root, clang_format = sys.argv[1:]
    paths = [str(path) for path in tree.files(root)]
    return subprocess.run([clang_format, "--dry-run", "-Werror", *paths], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
