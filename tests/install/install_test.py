"""Installs this build to a prefix of its own and uses it as strangers would: find_package, pkg-config, add_subdirectory.

Each case is a ctest case of its own; `prefix` runs before those that need the installed tree.
"""
import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
THIRD_PARTY = re.compile(r"sqlite|curl|openssl|nlohmann|boost|zlib|spdlog|toml|CLI/")
# What c++filt makes of an exported symbol that is ours.
OWN_SYMBOL = re.compile(r"^((typeinfo|typeinfo name|vtable) for )?syncline::")


def run(*command, **options):
    print("+", shlex.join(map(str, command)), flush=True)
    return subprocess.run(list(map(str, command)), check=True, text=True, **options)


def output_of(*command, **options):
    return run(*command, stdout=subprocess.PIPE, **options).stdout


def require(fine, message):
    if not fine:
        sys.exit("FAILED: " + message)


class Case:
    def __init__(self, options):
        self.build = pathlib.Path(options.build)
        self.scratch = pathlib.Path(options.scratch)
        self.prefix = self.scratch / "prefix"
        self.compiler = options.compiler
        self.flags = options.flags

    def empty_dir(self, name):
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def installed(self, pattern):
        found = sorted(self.prefix.rglob(pattern))
        require(found, f"{pattern} was not installed")
        return found[0]

    def check_program(self, program):
        """It runs, and keeps its data."""
        with tempfile.TemporaryDirectory() as data:
            said = output_of(program, data)
            require(said == "level 12\n", f"the consumer said {said!r}")
            require(any(pathlib.Path(data).iterdir()), "the consumer left no data")

    def build_consumer(self, folder, *settings):
        tree = self.empty_dir(folder)
        run("cmake", "-S", HERE / "consumer", "-B", tree, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={self.compiler}",
            f"-DCMAKE_CXX_FLAGS={self.flags}", *settings)
        run("cmake", "--build", tree)
        return tree

    def prefix_case(self):
        self.empty_dir("prefix")
        run("cmake", "--install", self.build, "--prefix", self.prefix)
        for name in ("syncline.h", "synclineConfig.cmake", "synclineConfigVersion.cmake", "syncline.pc"):
            self.installed(name)

    def find_package_case(self):
        tree = self.build_consumer("find_package", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.check_program(tree / "consumer")

    def pkg_config_case(self):
        tree = self.empty_dir("pkg_config")
        where = {**os.environ, "PKG_CONFIG_PATH": str(self.installed("syncline.pc").parent)}
        require(output_of("pkg-config", "--modversion", "syncline", env=where).startswith("0."), "no version")
        words = shlex.split(output_of("pkg-config", "--cflags", "--libs", "syncline", env=where))
        run(self.compiler, "-std=c++20", *shlex.split(self.flags), HERE / "consumer" / "main.cc", *words, "-o",
            tree / "consumer")
        self.check_program(tree / "consumer")

    def headers_case(self):
        """No third-party header is behind any of the public ones."""
        include = self.installed("syncline.h").parent.parent
        for header in sorted(include.rglob("*.h")):
            rule = output_of(self.compiler, "-std=c++20", "-M", "-x", "c++", header, "-I", include)
            used = rule.replace("\\\n", " ").split()[1:]
            foreign = [name for name in used if THIRD_PARTY.search(name.removeprefix(str(include)))]
            require(not foreign, f"{header.name} needs {foreign}")

    def command_case(self):
        command = self.prefix / "bin" / "syncline"
        require(command.exists(), "the command was not installed")
        require("0." in output_of(command, "--version"), "the command does not tell its version")

    def shared_case(self):
        """A shared library, as a part of a project that unites sources; then installed, and nothing else needed for it."""
        prefix = self.empty_dir("shared_prefix")
        tree = self.build_consumer("shared", f"-DSYNCLINE_SOURCE={SOURCE}", "-DBUILD_SHARED_LIBS=ON",
                                   "-DSYNCLINE_INSTALL=ON", "-DCMAKE_UNITY_BUILD=ON",
                                   "-DCMAKE_CXX_COMPILER_LAUNCHER=" + launcher())
        self.check_program(tree / "consumer")
        require(not (tree / "syncline" / "tests").exists(), "a part of another project builds no tests")
        run("cmake", "--install", tree, "--prefix", prefix)
        library = next(prefix.rglob("libsyncline.so"))
        self.check_exports(library)
        pc_file = next(prefix.rglob("syncline.pc")).read_text()
        require("curl" not in pc_file, "a shared library requires libcurl of whoever links it")
        consumer = self.build_consumer("shared_consumer", f"-DCMAKE_PREFIX_PATH={prefix}",
                                       "-DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON")
        self.check_program(consumer / "consumer")

    def check_exports(self, library):
        symbols = output_of("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()
        names = [line.split(maxsplit=2)[2] for line in symbols]
        require(any(name.startswith("syncline::Client::open") for name in names), "Client::open is not exported")
        leaked = [name for name in names if not OWN_SYMBOL.match(name)]
        require(not leaked, f"exports what is not ours: {leaked[:10]}")
        inner = [name for name in names if re.search(r"syncline::(engine|store|wire|auth|net)::", name)]
        require(not inner, f"exports what is not public: {inner[:10]}")


def launcher():
    return shutil.which("ccache") or ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    for name in ("build", "scratch", "compiler", "flags"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    getattr(Case(options), options.case + "_case")()


if __name__ == "__main__":
    main()
