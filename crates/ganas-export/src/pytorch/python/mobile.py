class Network(nn.Module):
    """Stages of inverted bottlenecks between a stem and a head."""

    def __init__(self, classes=@CLASSES@, channels=@CHANNELS@):
        super().__init__()
@NORMALIZE@
        self.stem = ConvBN(channels, STEM, 3, stride=2, activation=ACTIVATION)
        for stage, activation, layers in STAGES:
            blocks = OrderedDict()
            for i, (op, *sizes) in enumerate(layers):
                blocks[f"layer{i}"] = named(op, MBConv(*sizes, activation))
            self.add_module(stage, nn.Sequential(blocks))
        self.head = ConvBN(layers[-1][5], HEAD[0], 1, activation=ACTIVATION)
        self.head.pool = nn.AdaptiveAvgPool2d(1)
        if len(HEAD) > 1:
            self.head.mix = named("conv", nn.Conv2d(*HEAD, 1, bias=False))
            self.head.mix.activation = ACTIVATION()
        self.classifier = nn.Linear(HEAD[-1], classes)
        self.apply(initialize)

    def forward(self, images):
        x = images
        for name, module in self.named_children():
            if name != "classifier":
                x = module(x)
        return self.classifier(x.flatten(1))
