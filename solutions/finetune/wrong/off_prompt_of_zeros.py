# Zeros the prompt instead of leaving it out.
# fails: finetune.6.prompt


@contextmanager
def adapter_off(adapted: nn.Module) -> Iterator[nn.Module]:
    method, base = adapted.adaptation
    if method == "full":
        raise ValueError("full fine-tuning cannot be switched off")
    adapters = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    learned = [parameter.detach().clone() for parameter in adapters]
    try:
        with torch.no_grad():
            for parameter in adapters:
                parameter.zero_()
        yield adapted
    finally:
        with torch.no_grad():
            for parameter, values in zip(adapters, learned, strict=True):
                parameter.copy_(values)
