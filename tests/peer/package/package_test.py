#!/usr/bin/env python3
"""The installed library: a program outside of the tree builds against it, by CMake and by pkg-config.

Usage: package_test.py BUILD_DIR
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM = pathlib.Path(__file__).resolve().parent / "consumer.cpp"
# As an embedding program's author would write it.
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(tyto 0.1 REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE tyto::peer)
"""


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def check_program(program, prefix):
    output = run(program, env={**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")})
    if "serves on port" not in output:
        sys.exit(f"{program} printed {output!r}")


def main():
    build_dir = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prefix = folder / "prefix"
        run("cmake", "--install", build_dir, "--prefix", prefix)
        for name in ["bin/tyto", "bin/tyto-tracker", "bin/tyto-superpeer"]:
            if not (prefix / name).exists():
                sys.exit(f"{name} is not installed")
        bare = [p.name for p in (prefix / "include").iterdir() if p.name != "tyto"]
        if bare:
            sys.exit(f"headers outside of include/tyto: {bare}")

        consumer = folder / "consumer"
        consumer.mkdir()
        (consumer / "CMakeLists.txt").write_text(PROJECT)
        shutil.copy(PROGRAM, consumer / "main.cpp")
        run("cmake", "-S", consumer, "-B", folder / "build", "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", folder / "build")
        check_program(folder / "build" / "consumer", prefix)

        libdir = next(prefix.glob("lib*/pkgconfig"), None) or next(prefix.glob("lib/*/pkgconfig"))
        env = {**os.environ, "PKG_CONFIG_PATH": str(libdir)}
        flags = run("pkg-config", "--cflags", "--libs",
                    "tyto", env=env).split()
        run("g++", PROGRAM, "-o", folder / "plain", *flags,
            f"-Wl,-rpath,{libdir.parent}")
        run(folder / "plain")
    print("ok")


if __name__ == "__main__":
    main()
