class Cell(nn.Module):
    """Each node sums what its edges from all earlier nodes carry; the last is the output."""

    def __init__(self, channels):
        super().__init__()
        for target, ops in enumerate(CELL, start=1):
            for source, op in enumerate(ops):
                self.add_module(f"edge{source}-{target}", named(op, OPS[op](channels)))

    def forward(self, x):
        nodes = [x]
        for target in range(1, len(CELL) + 1):
            edges = [self.get_submodule(f"edge{source}-{target}") for source in range(target)]
            nodes.append(sum(edge(node) for edge, node in zip(edges, nodes)))
        return nodes[-1]


class Network(nn.Module):
    """Three stages of cells between a stem and a classifier, as in NAS-Bench-201."""

    def __init__(self, width=@WIDTH@, depth=@DEPTH@, classes=@CLASSES@, channels=@CHANNELS@):
        super().__init__()
@NORMALIZE@
        self.stem = ConvBN(channels, width, 3)
        for stage in range(3):
            if stage > 0:
                self.add_module(f"reduction{stage}", ResNetBasicBlock(width))
                width *= 2
            cells = OrderedDict((f"cell{i}", Cell(width)) for i in range(depth))
            self.add_module(f"stage{stage}", nn.Sequential(cells))
