class MBConv(nn.Module):
    """Inverted bottleneck: pointwise to `wide` channels unless the input has as many, depthwise,
    pointwise to the outputs, and the input once more where that fits."""

    def __init__(self, kernel, stride, inputs, wide, outputs, activation):
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        if wide != inputs:
            self.expand = ConvBN(inputs, wide, 1, activation=activation)
        self.depthwise = ConvBN(wide, wide, kernel, stride, wide, activation)
        self.project = ConvBN(wide, outputs, 1)

    def forward(self, x):
        y = x
        for layer in self.children():
            y = layer(y)
        return x + y if self.residual else y
