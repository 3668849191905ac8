"""The C++ core for 64-bit ARM, where a cross compiler is at hand: it fuses its multiply-adds, and runs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "gatecell" / "kernels" / "csrc"
COMPILER = shutil.which("aarch64-linux-gnu-g++")
DISASSEMBLER = shutil.which("aarch64-linux-gnu-objdump")
EMULATOR = shutil.which("qemu-aarch64")

pytestmark = [
    pytest.mark.skipif(
        COMPILER is None or DISASSEMBLER is None,
        reason="there is no cross compiler for ARM here (g++-aarch64-linux-gnu)",
    ),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the driver of the sanitised runs, built for ARM without sanitizers."""
    path = tmp_path_factory.mktemp("aarch64") / "driver"
    command = [
        *(str(COMPILER), "-std=gnu++17", "-O2", "-ffp-contract=off", "-Wno-psabi", "-static", "-pthread"),
        *("-DGATECELL_ISA_NAME=baseline", f"-I{SOURCES}", str(Path(__file__).with_name("sanitized.cpp"))),
        *(str(SOURCES / source) for source in ("kernels.cpp", "schedule.cpp", "arena.cpp")),
        *("-o", str(path)),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return path


def test_products_of_matrices_are_fused_multiply_adds(program: Path) -> None:
    command = [str(DISASSEMBLER), "-d", "--no-show-raw-insn", str(program)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    functions = re.findall(r"^\w+ <(\w+)>:\n(.*?)(?=\n\n|\Z)", text, flags=re.M | re.S)
    loops = [body for name, body in functions if "sum_products" in name]
    assert len(loops) > 20
    for body in loops:
        assert re.search(r"\bfmla\b", body)
        assert not re.search(r"\bf(mul|add)\b", body)


@pytest.mark.skipif(EMULATOR is None, reason="there is no emulator of ARM here (qemu-user)")
def test_it_runs_over_many_options_and_sizes(program: Path) -> None:
    run = subprocess.run([str(EMULATOR), str(program)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    assert run.stdout == "baseline and short of memory\n"
