class FactorizedReduce(nn.Sequential):
    """The image halved: two pointwise convolutions of stride 2, one of them a pixel further on."""

    def __init__(self, inputs, outputs):
        halves = (outputs // 2, outputs - outputs // 2)
        super().__init__(
            *[named("conv", nn.Conv2d(inputs, half, 1, 2, bias=False)) for half in halves]
        )
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = torch.relu(x)
        return self.norm(torch.cat([self[0](x), self[1](x[:, :, 1:, 1:])], dim=1))
