"""The training step of step.rs in PyTorch, on one thread: forward and backward, milliseconds of the fastest."""

import time

import torch

STEPS = 10
torch.set_num_threads(1)
torch.manual_seed(0)


def block(channels):
    return torch.nn.Sequential(
        torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(channels),
        torch.nn.ReLU(),
    )


for batch, size, channels in [(64, 32, 16), (64, 16, 32), (64, 8, 64), (16, 32, 128)]:
    net = torch.nn.Sequential(*(block(channels) for _ in range(4)))
    x = torch.randn(batch, channels, size, size, requires_grad=True)
    times = []
    for _ in range(STEPS):
        start = time.process_time()
        net.zero_grad(set_to_none=True)
        x.grad = None
        net(x).square().mean().backward()
        times.append(1e3 * (time.process_time() - start))
    print(f"{batch}x{size}x{size}x{channels} {min(times):.2f}")
