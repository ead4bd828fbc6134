def named(name, module):
    """A module under one more name, as the weights of ganas have the name of their op."""
    return nn.Sequential(OrderedDict([(name, module)]))
