class InvertedResidual(nn.Module):
    """Pointwise convolution to more channels, depthwise, pointwise back, plus the input."""

    def __init__(self, channels, expansion, kernel):
        super().__init__()
        wide = channels * expansion
        if expansion > 1:
            self.expand = ConvBN(channels, wide, 1, activation=nn.ReLU)
        self.depthwise = ConvBN(wide, wide, kernel, groups=wide, activation=nn.ReLU)
        self.project = ConvBN(wide, channels, 1)

    def forward(self, x):
        y = x
        for layer in self.children():
            y = layer(y)
        return x + y
