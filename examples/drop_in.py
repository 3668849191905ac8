"""gatecell.nn.LSTM in place of torch.nn.LSTM in a network of one's own, with an option that PyTorch lacks.

python examples/drop_in.py

The task: say whether the first value of a noisy sequence was positive, after 30 steps.
"""

import torch

from gatecell import nn as gatecell_nn


class Remember(torch.nn.Module):
    """An LSTM and a head on its last state."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = gatecell_nn.LSTM(1, 16, batch_first=True, layer_norm=True)
        self.head = torch.nn.Linear(16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a logit for each row of ``x``, (rows, steps, 1)."""
        _, (h, _) = self.lstm(x)
        return self.head(h[-1]).squeeze(1)


torch.manual_seed(0)
network = Remember()
optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
for step in range(301):
    x = torch.randn(64, 30, 1)
    y = (x[:, 0, 0] > 0).float()
    said = network(x)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(said, y)
    optimizer.zero_grad()
    loss.backward()
    # one steep batch must not undo what was learned: without this, some seeds end where they began
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.3f}, right {((said > 0) == (y > 0)).float().mean().item():.0%}")
print(network.lstm.explain())
