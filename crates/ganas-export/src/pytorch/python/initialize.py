def initialize(module):
    """Weights as ganas starts them: normal, with the variance of He et al. (2015)."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        follows = "relu" if module.bias is None else "linear"
        nn.init.kaiming_normal_(module.weight, nonlinearity=follows)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
