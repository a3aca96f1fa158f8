"""Each folder explains itself, and nothing is put off without an issue. Usage: texts.py ROOT"""
import pathlib
import re
import sys

import tree

# Folders of these explain themselves; what is below is theirs to explain.
PARENTS = ("src", "tests")
SINGLE = ("include/syncline", "platform", "samples", "src", "tests")
TEXTS = (".h", ".cc", ".py", ".sh", ".cmake", ".txt", ".md", ".in", ".json", ".toml")
# In two parts, so that this file does not find itself.
PUT_OFF = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b(?!\s*\((#|issue )\d+\))")


def explained_folders(root):
    root = pathlib.Path(root)
    yield from (root / name for name in SINGLE)
    for parent in PARENTS:
        yield from (path for path in sorted((root / parent).iterdir())
                    if path.is_dir() and path.name not in tree.SKIPPED)


def check(root):
    problems = [f"{folder}: no README.md" for folder in explained_folders(root) if not (folder / "README.md").is_file()]
    for path in tree.files(root, suffixes=TEXTS, folders=(*tree.FOLDERS, "platform")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if PUT_OFF.search(line):
                problems.append(f"{path}:{number}: put off without an issue's number, as in (#12)")
    return problems


if __name__ == "__main__":
    sys.exit(tree.report(check(sys.argv[1])))
