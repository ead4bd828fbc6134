class Normalize(nn.Module):
    """Raw pixels as the network was trained on them: each channel has mean 0 and deviation 1."""

    def __init__(self, mean, std):
        super().__init__()
        for name, values in (("mean", mean), ("std", std)):
            values = torch.tensor(values).view(1, -1, 1, 1)
            self.register_buffer(name, values, persistent=False)

    def forward(self, images):
        return (images - self.mean) / self.std
