class Cell(nn.Module):
    """Each node sums two edges; the output joins the channels of all nodes."""

    def __init__(self, before_last, last, channels, reduction, after_reduction):
        super().__init__()
        self.nodes = REDUCE if reduction else NORMAL
        if after_reduction:
            self.input0 = FactorizedReduce(before_last, channels)
        else:
            self.input0 = ReLUConvBN(before_last, channels, 1)
        self.input1 = ReLUConvBN(last, channels, 1)
        for node, edges in enumerate(self.nodes, start=2):
            for op, source in edges:
                stride = 2 if reduction and source < 2 else 1
                self.add_module(f"edge{source}-{node}", named(op, OPS[op](channels, stride)))

    def forward(self, before_last, last):
        values = [self.input0(before_last), self.input1(last)]
        for node, edges in enumerate(self.nodes, start=2):
            terms = [self.get_submodule(f"edge{s}-{node}")(values[s]) for _, s in edges]
            values.append(sum(terms))
        return torch.cat(values[2:], dim=1)


class Network(nn.Module):
    """A stem, `depth` cells, each fed by the last two, and a classifier, as in DARTS."""

    def __init__(self, width=@WIDTH@, depth=@DEPTH@, classes=@CLASSES@, channels=@CHANNELS@):
        super().__init__()
@NORMALIZE@
        self.depth = depth
        self.stem = ConvBN(channels, 3 * width, 3)
        before_last, last = 3 * width, 3 * width
        after_reduction = False
        for i in range(depth):
            reduction = i in (depth // 3, 2 * depth // 3)
            width *= 2 if reduction else 1
            cell = Cell(before_last, last, width, reduction, after_reduction)
            self.add_module(f"cell{i}", cell)
            before_last, last = last, len(cell.nodes) * width
            after_reduction = reduction
        self.classifier = nn.Linear(last, classes)
        self.apply(initialize)

    def forward(self, images):
        before_last = last = self.stem(@IMAGES@)
        for i in range(self.depth):
            cell = self.get_submodule(f"cell{i}")
            before_last, last = last, cell(before_last, last)
        return self.classifier(last.mean(dim=(2, 3)))
