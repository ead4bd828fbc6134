class SqueezeExcitation(nn.Module):
    """Every channel times a number that two layers make from the means of all."""

    def __init__(self, channels, squeezed, activation, gate):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, channels, 1)
        self.activation, self.gate = activation(), gate()

    def forward(self, x):
        means = x.mean(dim=(2, 3), keepdim=True)
        return x * self.gate(self.excite(self.activation(self.squeeze(means))))
