class Zero(nn.Module):
    """Zeros in the place of its input, on fewer pixels at a stride."""

    def __init__(self, stride=1):
        super().__init__()
        self.stride = stride

    def forward(self, x):
        return torch.zeros_like(x[:, :, :: self.stride, :: self.stride])
