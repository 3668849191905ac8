"""The groups of steps that Lightning sees."""

import torch

from gatecell.training.batches import epoch_order, order_by_length
from gatecell.training.module import STEPS_PER_CALL, StepGroups
from gatecell.training.state import TrainingState
from tests.training.tools import bare_rows, config_of


def test_groups_are_the_batches_of_the_epoch_in_order() -> None:
    n_rows, state, config = 2 * STEPS_PER_CALL * 8 + 13, TrainingState(epochs_done=3), config_of(seed=7)
    groups = StepGroups(bare_rows(n_rows), config, state)
    batches = [batch for group in groups for batch in group]
    assert len(groups) == len(list(groups)) == 3
    assert [len(batch) for batch in batches] == [8] * (2 * STEPS_PER_CALL + 1) + [5]
    assert torch.equal(torch.cat(batches), epoch_order(n_rows, seed=7, epoch=3, shuffle=True))
    state.epochs_done = 4
    assert torch.equal(
        torch.cat([batch for group in groups for batch in group]), epoch_order(n_rows, seed=7, epoch=4, shuffle=True)
    )


def test_batches_are_of_like_length_where_it_is_asked_for() -> None:
    lengths = torch.arange(100) % 17
    groups = StepGroups(bare_rows(100, lengths), config_of(seed=7, length_window=3), TrainingState(epochs_done=3))
    order = epoch_order(100, seed=7, epoch=3, shuffle=True)
    expected = order_by_length(order, lengths, 8, 3, seed=7, epoch=3)
    assert torch.equal(torch.cat([batch for group in groups for batch in group]), expected)
    plain = StepGroups(bare_rows(100, lengths), config_of(seed=7), TrainingState(epochs_done=3))
    assert torch.equal(torch.cat([batch for group in plain for batch in group]), order)
