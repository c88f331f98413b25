# Yields the adapted model with its adapter on.
# fails: finetune.6.lora finetune.6.others


@contextmanager
def adapter_off(adapted: nn.Module) -> Iterator[nn.Module]:
    method, base = adapted.adaptation
    if method == "full":
        raise ValueError("full fine-tuning cannot be switched off")
    if method == "prompt":
        yield base
        return
    adapters = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    learned = [parameter.detach().clone() for parameter in adapters]
    try:
        with torch.no_grad():
            for parameter in adapters:
                pass
        yield adapted
    finally:
        with torch.no_grad():
            for parameter, values in zip(adapters, learned, strict=True):
                parameter.copy_(values)
