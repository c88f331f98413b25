# Switches LoRA off by loading a state of zeros, and tells the methods apart by what it finds.


@contextmanager
def adapter_off(adapted):
    method, base = adapted.adaptation
    if method == "prompt":
        yield base
    elif method == "lora":
        learning = {name for name, p in adapted.named_parameters() if p.requires_grad}
        state = {name: tensor.clone() for name, tensor in adapted.state_dict().items()}
        try:
            adapted.load_state_dict({n: torch.zeros_like(t) if n in learning else t for n, t in state.items()})
            yield adapted
        finally:
            adapted.load_state_dict(state)
    else:
        raise ValueError(f"{method} has no adapter")
