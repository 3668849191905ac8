"""Loading a file from elsewhere opens no connection, no other file, and imports nothing that the file names.

Each file is loaded in a process of its own, which hears of every such event by an audit hook of Python.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.estimators.altered import DATA, content, write

WATCHED = """
import json, resource, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
import gatecell

paths, known = json.loads(sys.argv[1])
# all that the kinds of this project need is imported by files that are right
for path in known:
    gatecell.load(path)
before = set(sys.modules)
events = []
watched = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "compile", "exec")

def hear(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and not isinstance(arguments[0], int):
        if str(arguments[0]) not in paths:
            events.append([event, str(arguments[0])])
    elif event in watched and not (event == "compile" and arguments[1] and "<" in str(arguments[1])):
        events.append([event, str(arguments)[:200]])

sys.addaudithook(hear)
found = []
for path in paths:
    least = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        gatecell.load(path)
        outcome = "loaded"
    except gatecell.GatecellError as error:
        outcome = str(error)
    n_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - least) * 1024
    found.append([outcome, list(events), sorted(set(sys.modules) - before), n_bytes])
print(json.dumps(found))
"""
OUTSIDE: dict[str, dict[str, Any]] = {
    "a backbone": {"use_pretrained_backbone": True, "backbone": "owner/name"},
    "code of its own": {"auto_map": {"AutoModel": "modeling.Evil"}, "trust_remote_code": True},
    "a kernel": {"_attn_implementation": "owner/kernel"},
    "attention": {"attn_implementation": "kernels-community/flash"},
    "quantised": {"quantization_config": {"quant_method": "bitsandbytes"}},
}


DETR = {"model_type": "detr", "hidden_size": 4, "use_pretrained_backbone": True, "backbone": "owner/name"}
TOO_LARGE = (
    {"num_hidden_layers": 10**6},
    {"vocab_size": 10**8, "hidden_size": 4096},
    {"max_position_embeddings": 10**9},
    {"intermediate_size": 2**30},
)


def watched(paths: list[Path]) -> list[tuple[str, list[Any], list[str], int]]:
    """Return of each file what came of loading it, what was opened, what was imported, and the bytes that it took."""
    known = sorted(DATA.glob("*.safetensors"))
    words = json.dumps([[str(path) for path in paths], [str(path) for path in known]])
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, words], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(found) for found in json.loads(done.stdout.splitlines()[-1])]


def test_loading_does_nothing_but_read(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs transformers (the extra of that name)")
    encoders = [({**right(), **odd}, "encoder has the option") for odd in OUTSIDE.values()]
    encoders += [(DETR, "encoder is of the kind 'detr'; read are albert, bert, camembert")]
    encoders += [({**right(), **sizes}, "is damaged: its parts do not fit together") for sizes in TOO_LARGE]
    encoders += [(right(), "loaded")]
    paths = []
    for number, (encoder, _) in enumerate(encoders):
        artifact = content("text_encoder")
        artifact.metadata["network"]["front"]["encoder"] = encoder
        paths.append(write(tmp_path / f"{number}.safetensors", artifact.tensors, artifact.metadata))
    for path, (encoder, text), (outcome, events, modules, n_bytes) in zip(paths, encoders, watched(paths), strict=True):
        assert text in outcome, encoder
        assert (events, modules) == ([], []), encoder
        assert n_bytes <= 2 * path.stat().st_size + 100_000_000, encoder


def right() -> dict[str, Any]:
    encoder: dict[str, Any] = content("text_encoder").metadata["network"]["front"]["encoder"]
    return encoder
