class DepthwiseConvBNReLU(nn.Sequential):
    """Depthwise convolution, batch normalisation, rectifier."""

    def __init__(self, channels, kernel, stride=1):
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False
        )
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
