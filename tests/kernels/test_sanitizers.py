"""The C++ core under AddressSanitizer and UndefinedBehaviorSanitizer."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gatecell.kernels import core

SOURCES = Path(__file__).parents[2] / "src" / "gatecell" / "kernels" / "csrc"
COMPILER = shutil.which("g++") or shutil.which("clang++")
FLAGS = {
    "baseline": [],
    "avx2": ["-mavx2", "-mfma"],
    "avx512": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx512bf16", "-mfma"],
}


FASTEST = core.isa() if core.missing() is None else "baseline"
# of masked loads and stores of AVX-512 AddressSanitizer sees nothing
SETS = dict.fromkeys([FASTEST.removesuffix("_bf16"), "avx2" if FASTEST.startswith("avx") else "baseline"])


@pytest.mark.parametrize("name", SETS)
@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler here")
@pytest.mark.timeout(1800)
def test_no_access_out_of_bounds_and_no_undefined_behaviour(tmp_path: Path, name: str) -> None:
    program = tmp_path / "sanitized"
    assert COMPILER is not None
    command = [
        *(COMPILER, "-std=gnu++17", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
        *("-ffp-contract=off", "-Wno-psabi", "-pthread", f"-DGATECELL_ISA_NAME={name}", *FLAGS[name]),
        *(f"-I{SOURCES}", str(Path(__file__).with_name("sanitized.cpp"))),
        *(str(SOURCES / source) for source in ("kernels.cpp", "schedule.cpp", "arena.cpp")),
        *("-o", str(program)),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if "cannot find" in built.stderr and "san" in built.stderr:
        pytest.skip("the compiler has no sanitizer libraries here")
    assert built.returncode == 0, built.stderr
    # what the arenas keep for the next call is no leak
    run = subprocess.run(
        [str(program), *(["bf16"] if f"{name}_bf16" == FASTEST else [])],
        capture_output=True,
        text=True,
        check=False,
        env={"ASAN_OPTIONS": "detect_leaks=0"},
    )
    assert run.returncode == 0, run.stderr[-4000:]
    assert run.stdout == f"{name} and short of memory\n"
