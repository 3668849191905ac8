"""Pretrained encoders of the ``transformers`` library as fronts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from gatecell._core.errors import GatecellError, OptionError
from gatecell._core.optional import require
from gatecell.kernels.draws import drawing_from
from gatecell.kernels.reference import valid_steps
from gatecell.nn.building import building
from gatecell.nn.config import EncoderFront
from gatecell.nn.masking import check_tokens

_EXTRA = "transformers"
_PURPOSE = "A pretrained encoder"


class Encoder(nn.Module):
    """Tokens ``(B, T)`` to the last hidden states of an encoder, ``(B, T, F)``.

    Built with random weights; ``load_encoder`` has the pretrained ones. A frozen encoder has no gradients and stays in
    evaluation mode, so that its dropout never acts.
    """

    generator: torch.Generator | None = None
    """What its dropout is drawn from in training; None: PyTorch's default generator."""
    hands_down = True
    """Its parts draw from ``generator``, though they take none."""

    def __init__(self, config: EncoderFront) -> None:
        super().__init__()
        transformers = require("transformers", extra=_EXTRA, purpose=_PURPOSE)
        own = {name: value for name, value in config.encoder.items() if name != "model_type"}
        # On the CPU even where everything else is built without memory: an encoder has buffers that are in no state
        # dict, and only its constructor fills them.
        with torch.device("cpu"), building():
            self.model: nn.Module = transformers.AutoModel.from_config(
                transformers.AutoConfig.for_model(config.encoder["model_type"], **own)
            )
        self.frozen = config.frozen
        self.model.requires_grad_(not config.frozen)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Set the mode; a frozen encoder stays in evaluation."""
        super().train(mode)
        if self.frozen:
            self.model.eval()
        return self

    def forward(self, tokens: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the hidden states; steps behind the end of a row are not attended to.

        Raises
        ------
        InputError
            Where the tokens are no whole numbers of shape (B, T).
        """
        check_tokens(tokens)
        if lengths is None:
            attended = torch.ones_like(tokens)
        else:
            # attention over nothing is not defined; what such a row gives is not looked at
            attended = valid_steps(tokens, lengths.clamp(min=1)).long()
        draws = drawing_from(self.generator if self.model.training else None)
        with draws, torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            states: Tensor = self.model(input_ids=tokens, attention_mask=attended).last_hidden_state
        return states


@dataclass(frozen=True)
class PretrainedEncoder:
    """What a name or a folder holds: an encoder and the tokenizer that it was trained with."""

    config: Mapping[str, Any]
    """For ``EncoderFront``."""
    weights: Mapping[str, Tensor]
    """The state dict of the encoder's model."""
    tokenizer: str
    """Of the ``tokenizers`` library, as JSON."""
    start_mark: int | None
    """The token before each text; None: none."""
    end_mark: int | None
    """The token behind each text; None: none."""
    max_length: int | None
    """The largest number of tokens that it reads, the marks included; None: it does not say."""


def load_encoder(name: str) -> PretrainedEncoder:
    """Load an encoder and its tokenizer.

    Parameters
    ----------
    name : str
        A folder that ``save_pretrained`` wrote, or a name that ``AutoModel.from_pretrained`` knows (and downloads where
        it is not in its cache).

    Raises
    ------
    OptionError
        Where there is no such encoder, where it has no hidden states to read, or no fast tokenizer.
    MissingDependencyError
        Where ``transformers`` is not installed.
    """
    transformers = require("transformers", extra=_EXTRA, purpose=_PURPOSE)
    name = _folder_or_name(name)
    try:
        # weights that the file lacks are drawn
        with building(torch.Generator()):
            model = transformers.AutoModel.from_pretrained(name)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
    except GatecellError:
        raise
    except Exception as error:  # whatever the network, the disk or the library's own code may raise
        reason = str(error).strip().split("\n", 1)[0]
        raise OptionError(
            f"encoder={name!r} cannot be loaded: {reason} Give a folder that save_pretrained wrote, "
            "with model and tokenizer, or the name of a published encoder."
        ) from error
    core = getattr(tokenizer, "backend_tokenizer", None)
    if core is None:
        raise OptionError(f"encoder={name!r} has no fast tokenizer (tokenizer.json). Choose one that has.")
    # through JSON, as it is kept: keys that are numbers become text
    config = json.loads(model.config.to_json_string(use_diff=False))
    if "hidden_size" not in config:
        raise OptionError(f"encoder={name!r} ({model.config.model_type}) has no hidden_size, so it is no encoder.")
    limits = [tokenizer.model_max_length, config.get("max_position_embeddings")]
    return PretrainedEncoder(
        config=config,
        weights=model.state_dict(),
        tokenizer=core.to_str(),
        start_mark=tokenizer.cls_token_id,
        end_mark=tokenizer.sep_token_id,
        max_length=min((limit for limit in limits if limit and limit < _NO_LIMIT), default=None),
    )


def _folder_or_name(name: str) -> str:
    """Return a folder's path, ``~`` resolved, or the name of a published encoder, ``"name"`` or ``"owner/name"``."""
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path)
    if path.is_absolute() or name.startswith(".") or len(path.parts) > 2:
        raise OptionError(f"encoder={name!r} is no folder. Give one that save_pretrained wrote, or a published name.")
    return name


_NO_LIMIT = 1_000_000
"""Tokenizers without a limit state a number far above this."""
