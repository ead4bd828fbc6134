# The names of weights where those of ganas are others.
NAMES = [
    (".norm.weight", ".norm.scale"),
    (".norm.bias", ".norm.shift"),
    (".norm.running_mean", ".norm.mean"),
    (".norm.running_var", ".norm.variance"),
    (".depthwise.conv.weight", ".depthwise"),
    (".depthwise.weight", ".depthwise"),
    (".conv.weight", ".conv"),
    (".se.", "."),
]


def load_weights(network, path):
    """Loads a safetensors file of ganas, which has images channels-last: its convolutions are
    [height, width, inputs, outputs], depthwise ones [height, width, channels, 1]."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        key = name
        for theirs, ours in NAMES:
            key = key.replace(theirs, ours)
        if key not in header:
            raise KeyError(f"{path} has no weight {key}")
        begin, end = header[key]["data_offsets"]
        weight = torch.frombuffer(data[begin:end], dtype=torch.float32)
        axes = (2, 3, 0, 1) if key.endswith(".depthwise") else (3, 2, 0, 1)
        weight = weight.reshape(header[key]["shape"]).permute(axes)
        state[name] = weight.reshape(value.shape)
    network.load_state_dict(state)
    return network
