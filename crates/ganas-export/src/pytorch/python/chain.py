class Network(nn.Module):
    """The blocks in three stages as even as they can be, with residual reductions in between."""

    def __init__(self, width=@WIDTH@, depth=@DEPTH@, classes=@CLASSES@, channels=@CHANNELS@):
        super().__init__()
@NORMALIZE@
        self.stem = ConvBN(channels, width, 3)
        stage = 0
        for position, op in enumerate(BLOCKS):
            if position * 3 // len(BLOCKS) > stage:
                stage = position * 3 // len(BLOCKS)
                self.add_module(f"reduction{stage}", ResNetBasicBlock(width))
                width *= 2
            repeats = [named(op, OPS[op](width)) for _ in range(depth)]
            self.add_module(f"block{position}", nn.Sequential(*repeats))
