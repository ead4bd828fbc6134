class ResNetBasicBlock(nn.Module):
    """Residual block that halves the image and doubles the channels."""

    def __init__(self, channels):
        super().__init__()
        self.a = ReLUConvBN(channels, 2 * channels, 3, stride=2)
        self.b = ReLUConvBN(2 * channels, 2 * channels, 3)
        self.shortcut = nn.Sequential()
        self.shortcut.pool = nn.AvgPool2d(2)
        self.shortcut.conv = nn.Conv2d(channels, 2 * channels, 1, bias=False)

    def forward(self, x):
        return self.shortcut(x) + self.b(self.a(x))
