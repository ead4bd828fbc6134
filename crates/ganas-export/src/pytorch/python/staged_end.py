        self.last = nn.Sequential(OrderedDict(norm=nn.BatchNorm2d(width), relu=nn.ReLU()))
        self.classifier = nn.Linear(width, classes)
        self.apply(initialize)

    def forward(self, images):
        x = images
        for name, module in self.named_children():
            if name != "classifier":
                x = module(x)
        return self.classifier(x.mean(dim=(2, 3)))
