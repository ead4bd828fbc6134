if __name__ == "__main__":
    network = Network()
    if len(sys.argv) > 1:
        load_weights(network, sys.argv[1])
    images = torch.randn(2, @IMAGE@)
    print(sum(p.numel() for p in network.parameters()), "parameters")
    print(network.eval()(images).detach())
