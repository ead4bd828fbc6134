class ReLUConvBN(nn.Sequential):
    """Rectifier, convolution, batch normalisation."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
