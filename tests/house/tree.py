"""The source tree as the checks see it."""
import pathlib
import re

CODE = (".h", ".cc")
FOLDERS = ("include", "src", "platform", "tests", "samples")
# Written by nobody here, or not text.
SKIPPED = {"__pycache__", "build", ".git"}


def files(root, suffixes=CODE, folders=FOLDERS):
    """All files with one of the suffixes, in a fixed order."""
    root = pathlib.Path(root)
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and not SKIPPED & set(path.relative_to(root).parts):
                yield path


def without_comments_and_strings(text):
    """The code with everything blanked that could look like code and is none; line breaks stay."""
    pattern = re.compile(
        r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'  # raw strings
        r"|//[^\n]*|/\*.*?\*/"
        r'|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*'",  # not the digit separators of 1'000
        re.DOTALL,
    )
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def report(problems):
    """Prints them, and makes the exit status."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "fine")
    return 1 if problems else 0
