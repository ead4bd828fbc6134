def vertex_channels(inputs, outputs):
    """Channels of each vertex: the output's are split over what feeds it, and every other vertex
    has as many as the widest vertex that it feeds."""
    last = len(VERTICES) + 1
    channels = [inputs] + [0] * len(VERTICES) + [outputs]
    feeding = [v for v in range(1, last) if (v, last) in EDGES]
    for i, v in enumerate(feeding):
        channels[v] = outputs // len(feeding) + (i < outputs % len(feeding))
    for v in reversed(range(1, last)):
        if v not in feeding:
            channels[v] = max(channels[w] for w in range(v + 1, last) if (v, w) in EDGES)
    return channels


class Cell(nn.Module):
    """A vertex sums the first channels of what feeds it, and a projection of the cell's input where
    that feeds it; the output joins what feeds it, and adds a projection likewise."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.channels = vertex_channels(inputs, outputs)
        for v, channels in enumerate(self.channels[1:], start=1):
            vertex = nn.ModuleDict()
            if (0, v) in EDGES:
                vertex["projection"] = ConvBNReLU(inputs, channels, 1)
            if v <= len(VERTICES):
                vertex[VERTICES[v - 1]] = OPS[VERTICES[v - 1]](channels)
            self.add_module(f"vertex{v}", vertex)

    def forward(self, x):
        values = [x]
        for v, op in enumerate(VERTICES, start=1):
            vertex = self.get_submodule(f"vertex{v}")
            feeding = [values[u] for u in range(1, v) if (u, v) in EDGES]
            terms = [value[:, : self.channels[v]] for value in feeding]
            if (0, v) in EDGES:
                terms.append(vertex["projection"](x))
            values.append(vertex[op](sum(terms)))
        last = len(values)
        feeding = [values[v] for v in range(1, last) if (v, last) in EDGES]
        terms = [torch.cat(feeding, dim=1)] if feeding else []
        if (0, last) in EDGES:
            terms.append(self.get_submodule(f"vertex{last}")["projection"](x))
        return sum(terms)


class Network(nn.Module):
    """Three stacks of cells between a stem and a classifier, as in NAS-Bench-101."""

    def __init__(self, width=@WIDTH@, depth=@DEPTH@, classes=@CLASSES@, channels=@CHANNELS@):
        super().__init__()
@NORMALIZE@
        self.stem = ConvBNReLU(channels, width, 3)
        inputs = width
        for stack in range(3):
            cells = OrderedDict()
            if stack > 0:
                cells["pool"] = nn.MaxPool2d(2)
                width *= 2
            for i in range(depth):
                cells[f"cell{i}"] = Cell(inputs, width)
                inputs = width
            self.add_module(f"stack{stack}", nn.Sequential(cells))
        self.classifier = nn.Linear(width, classes)
        self.apply(initialize)

    def forward(self, images):
        x = self.stack2(self.stack1(self.stack0(self.stem(@IMAGES@))))
        return self.classifier(x.mean(dim=(2, 3)))
