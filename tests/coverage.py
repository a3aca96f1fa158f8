"""Line and branch coverage a folder of src/, held to the goals. Usage: coverage.py GCOVR_JSON"""
import collections
import json
import os
import re
import sys

# Of the lines, of the branches, in per cent; None: no goal.
GOALS = {
    "core": (100, 100),
    "engine": (100, 100),
    "store": (97, None),
    "wire": (97, None),
    "auth": (97, None),
    "client": (97, None),
    "service": (97, None),
}
# (file, a part of the line): why no test can reach it. gcov counts such lines; we do not.
EXCLUDED = {
    ("src/auth/digest.cc", "std::abort();"): "the system has no random numbers",
}
# Where a type begins gcov counts the members that the compiler writes for it.
TYPE = re.compile(r"^\s*(struct|class) .*\{$")


def lines_of(path, cache={}):
    if path not in cache:
        with open(path, encoding="utf-8") as source:
            cache[path] = source.read().splitlines()
    return cache[path]


def is_excluded(path, number):
    text = lines_of(path)[number - 1]
    return bool(TYPE.match(text)) or any(path == file and part in text for file, part in EXCLUDED)


def add_file(entry, totals, uncovered):
    # A room's headers are reached through a link in the build tree.
    path = os.path.relpath(os.path.realpath(entry["file"]))
    parts = path.split("/")
    if len(parts) < 3 or parts[0] != "src":
        return
    total = totals[parts[1]]
    for line in entry["lines"]:
        number = line["line_number"]
        if line.get("gcovr/noncode") or is_excluded(path, number):
            continue
        hit = line["count"] > 0
        total["lines"] += 1
        total["lines_hit"] += hit
        branches = line["branches"]
        missed = [branch for branch in branches if branch["count"] == 0]
        total["branches"] += len(branches)
        total["branches_hit"] += len(branches) - len(missed)
        if not hit or missed:
            what = "line" if not hit else f"{len(missed)} of {len(branches)} branches"
            uncovered.append(f"{path}:{number}: {what}: {lines_of(path)[number - 1].strip()}")


def percent(hit, all_of_them):
    return 100.0 * hit / all_of_them if all_of_them else 100.0


def main(report):
    totals = collections.defaultdict(collections.Counter)
    uncovered = []
    with open(report, encoding="utf-8") as file:
        for entry in json.load(file)["files"]:
            add_file(entry, totals, uncovered)
    met = True
    print(f"{'folder':10} {'lines':>16} {'branches':>18}   goal")
    for folder, total in sorted(totals.items()):
        lines = percent(total["lines_hit"], total["lines"])
        branches = percent(total["branches_hit"], total["branches"])
        of_lines, of_branches = GOALS.get(folder, (None, None))
        short = (of_lines is not None and lines < of_lines) or (of_branches is not None and branches < of_branches)
        met = met and not short
        goal = "" if of_lines is None else f"{of_lines} %" + (f", {of_branches} % of branches" if of_branches else "")
        print(f"{folder:10} {total['lines_hit']:5}/{total['lines']:5} {lines:5.1f} "
              f"{total['branches_hit']:6}/{total['branches']:5} {branches:5.1f}   {goal}{'  MISSED' if short else ''}")
    print("uncovered:")
    print("\n".join(uncovered))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
