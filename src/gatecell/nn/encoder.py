"""Pretrained encoders of the ``transformers`` library as fronts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from gatecell._core.errors import ArtifactError, GatecellError, OptionError
from gatecell._core.optional import require
from gatecell.kernels.draws import drawing_from
from gatecell.kernels.reference import valid_steps
from gatecell.nn.building import building
from gatecell.nn.config import EncoderFront
from gatecell.nn.encoder_kinds import WITHOUT_EFFECT, EncoderKind, checked_options, kind_of
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
        name = config.encoder_kind.name
        with building():
            # eager attention is PyTorch alone, where the library's others may reach for code that lies elsewhere
            self.model: nn.Module = getattr(transformers, f"{name}Model")._from_config(
                getattr(transformers, f"{name}Config")(**own), attn_implementation="eager"
            )
        self.frozen = config.frozen
        self.model.requires_grad_(not config.frozen)
        self.train()

    @torch.no_grad()
    def fill_buffers(self) -> None:
        """Fill what is in no state dict, of an encoder that was built on the device without memory.

        Raises
        ------
        ArtifactError
            Where the installed ``transformers`` has a buffer that is not known here.
        """
        for module in self.model.modules():
            for name, buffer in list(module.named_buffers(recurse=False)):
                if not buffer.is_meta:
                    continue
                if name not in ("position_ids", "token_type_ids") or buffer.dtype != torch.int64:
                    raise ArtifactError(f"the installed transformers has an encoder with the buffer {name}")
                row = torch.arange(buffer.shape[-1]) if name == "position_ids" else torch.zeros(buffer.shape[-1]).long()
                setattr(module, name, row.expand(buffer.shape))

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
            Where the tokens are not whole numbers of shape (B, T).
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
    max_length: int
    """The largest number of tokens that it reads, the marks included."""


def load_encoder(name: str) -> PretrainedEncoder:
    """Load an encoder and its tokenizer.

    Parameters
    ----------
    name : str
        A folder that ``save_pretrained`` wrote, or a name that ``AutoModel.from_pretrained`` knows (and downloads where
        it is not in its cache); of one of the kinds of ``gatecell.nn.encoder_kinds``. No code of it is ever run.

    Raises
    ------
    OptionError
        Where there is no such encoder, where it is of a kind that is not read, or has no fast tokenizer.
    MissingDependencyError
        Where ``transformers`` is not installed.
    """
    transformers = require("transformers", extra=_EXTRA, purpose=_PURPOSE)
    name = _folder_or_name(name)
    # a folder holds all there is to know; what it names is not looked up elsewhere
    reading = {"local_files_only": Path(name).is_dir(), "trust_remote_code": False}
    try:
        given = transformers.AutoConfig.from_pretrained(name, **reading)
        kind = kind_of({"model_type": given.model_type})
        model_class = getattr(transformers, f"{kind.name}Model")
        # weights that the file lacks are drawn
        with building(torch.Generator()):
            model = model_class.from_pretrained(name, attn_implementation="eager", **reading)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **reading)
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
    config = _options_of(model.config, kind, name)
    limits = [tokenizer.model_max_length, kind.n_positions(config)]
    return PretrainedEncoder(
        config=config,
        weights=model.state_dict(),
        tokenizer=core.to_str(),
        start_mark=tokenizer.cls_token_id,
        end_mark=tokenizer.sep_token_id,
        max_length=min(limit for limit in limits if limit),
    )


def _options_of(config: Any, kind: EncoderKind, name: str) -> dict[str, Any]:
    """Return the options that are kept; raise where another decides about what is computed."""
    # through JSON, as it is kept
    found, default = (json.loads(item.to_json_string(use_diff=False)) for item in (config, type(config)()))
    for option in default:
        if option not in kind.options and option not in WITHOUT_EFFECT and found[option] != default[option]:
            raise OptionError(
                f"encoder={name!r} has {option}={found[option]!r}, which is not read. Choose another one."
            )
    return checked_options({option: found[option] for option in (*kind.options, "model_type")})


def _folder_or_name(name: str) -> str:
    """Return a folder's path, ``~`` resolved, or the name of a published encoder, ``"name"`` or ``"owner/name"``."""
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path)
    if path.is_absolute() or name.startswith(".") or len(path.parts) > 2:
        raise OptionError(
            f"encoder={name!r} is not a folder. Give one that save_pretrained wrote, or a published name."
        )
    return name
