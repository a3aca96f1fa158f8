"""Checks every #include against the picture in src/README.md. Usage: arrows.py ROOT"""
import re
import sys

import tree

# A room's own headers, the public ones and the standard library are always allowed.
ROOMS = {
    "core": (),
    "wire": ("core",),
    "auth": ("core",),
    "engine": ("core",),
    "store": ("core",),
    "net": ("core",),
    "client": ("core", "engine", "store", "wire", "auth", "net"),
    "service": ("core", "wire", "auth", "net"),  # never engine or store: an independent reading of the protocol
    "cli": ("core", "client", "service", "wire", "auth"),
}
# Third-party headers, by prefix, and the rooms that they must not leave.
THIRD_PARTY = {
    "nlohmann/": ("wire", "cli"),
    "openssl/": ("auth", "service"),
    "sqlite3.h": ("store", "service"),
    "curl/": ("net",),
    "boost/signals2": ("client",),
    "boost/asio": ("service",),
    "boost/beast": ("service",),
    "zlib.h": ("net",),
    "spdlog/": ("service",),
    "toml++/": ("service", "cli"),
    "CLI/": ("cli",),
}
# The operating system's; everything else goes through the standard library.
SYSTEM = re.compile(r"^(unistd|fcntl|pthread|poll|signal)\.h$|^(sys|netinet|arpa|linux)/")
SYSTEM_ROOMS = ("store", "service", "cli", "client")  # client: to wait for a file that changes
STANDARD = re.compile(r"^[a-z_0-9]+$")
# The engine is pure, and core has no more than seams: no I/O and no thread in either.
IMPURE = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "fstream", "iostream", "filesystem"}
PURE_ROOMS = ("core", "engine")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def included(path):
    """Pairs of line number and (kind, name)."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found.group(1), found.group(2)


def angle_problem(room, name):
    """What is wrong with #include <name> in a room of src/, or in "include"."""
    if STANDARD.match(name):
        return f"<{name}>: no I/O and no thread in here" if room in PURE_ROOMS and name in IMPURE else None
    for prefix, rooms in THIRD_PARTY.items():
        if name.startswith(prefix):
            return None if room in rooms else f"<{name}> stays inside {' and '.join(rooms)}"
    if SYSTEM.match(name):
        return None if room in SYSTEM_ROOMS else f"<{name}>: the operating system stays inside {', '.join(SYSTEM_ROOMS)}"
    return f"<{name}> is not listed in arrows.py"


def quote_problem(room, name):
    target = name.split("/")[0]
    if target in ("syncline", room):
        return None
    if target not in ROOMS:
        return f'"{name}" is in no room'
    return None if target in ROOMS.get(room, ()) else f'"{name}": no arrow from {room} to {target}'


def problems_of(room, path):
    for number, kind, name in included(path):
        problem = angle_problem(room, name) if kind == "<" else quote_problem(room, name)
        if problem:
            yield f"{path}:{number}: {problem}"


def check(root):
    problems = []
    for path in tree.files(root, folders=("include", "src")):
        parts = path.relative_to(root).parts
        room = "include" if parts[0] == "include" else parts[1]
        if room != "include" and room not in ROOMS:
            problems.append(f"{path}: {room} is no room of arrows.py")
            continue
        problems += problems_of(room, path)
    # Samples are what users would write.
    for path in tree.files(root, folders=("samples",)):
        problems += (p for p in problems_of("samples", path) if "syncline/" not in p)
    return problems


if __name__ == "__main__":
    sys.exit(tree.report(check(sys.argv[1])))
