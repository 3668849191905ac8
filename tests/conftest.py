"""What all tests share: one thread a test process, so that tests may run side by side."""

import torch

torch.set_num_threads(1)
