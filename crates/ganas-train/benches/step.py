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


def pre_conv(inputs, outputs, kernel, stride=1):
    return torch.nn.Sequential(
        torch.nn.ReLU(),
        torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        torch.nn.BatchNorm2d(outputs),
    )


class Cell(torch.nn.Module):
    """The cell of step.rs."""

    def __init__(self, c):
        super().__init__()
        self.a, self.b, self.d = (pre_conv(c, c, 3) for _ in range(3))
        self.e = pre_conv(c, c, 1)
        self.pool = torch.nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, x):
        first = self.a(x)
        second = self.b(x) + self.pool(first)
        return x + self.d(first) + self.e(second)


class Reduction(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = pre_conv(c, 2 * c, 3, 2), pre_conv(2 * c, 2 * c, 3)
        self.shortcut = torch.nn.Sequential(
            torch.nn.AvgPool2d(2), torch.nn.Conv2d(c, 2 * c, 1, bias=False)
        )

    def forward(self, x):
        return self.shortcut(x) + self.b(self.a(x))


net = torch.nn.Sequential(
    torch.nn.Conv2d(3, 16, 3, padding=1, bias=False),
    torch.nn.BatchNorm2d(16),
    Cell(16),
    Reduction(16),
    Cell(32),
    Reduction(32),
    Cell(64),
    torch.nn.BatchNorm2d(64),
    torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1),
    torch.nn.Flatten(),
    torch.nn.Linear(64, 10),
)
optimizer = torch.optim.SGD(net.parameters(), 0.01, 0.9, nesterov=True, weight_decay=5e-4)
x, y = torch.randn(64, 3, 32, 32), torch.arange(64) % 10
times = []
for _ in range(STEPS):
    start = time.process_time()
    optimizer.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(net(x), y).backward()
    optimizer.step()
    times.append(1e3 * (time.process_time() - start))
print(f"network {min(times):.2f}")
