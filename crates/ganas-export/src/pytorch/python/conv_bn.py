class ConvBN(nn.Sequential):
    """Convolution and batch normalisation, and an activation if there is one."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, activation=None):
        super().__init__()
        padding = kernel // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        if activation is not None:
            self.activation = activation()
