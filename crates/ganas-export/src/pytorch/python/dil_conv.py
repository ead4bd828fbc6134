class DilConv(nn.Sequential):
    """Rectifier, depthwise convolution with dilation, pointwise convolution, batch norm."""

    def __init__(self, channels, kernel, stride=1, dilation=2):
        super().__init__()
        self.relu = nn.ReLU()
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, stride, dilation * (kernel // 2), dilation, channels, False
        )
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
