class SepConv(nn.Sequential):
    """Two separable convolutions, the stride in the first."""

    def __init__(self, channels, kernel, stride=1):
        super().__init__(
            DilConv(channels, kernel, stride, dilation=1),
            DilConv(channels, kernel, dilation=1),
        )
