# Adds up the outputs of all modules, instead of asking autograd.
# fails: finetune.5.saved finetune.5.models


def forward_cost(model: nn.Module, batch: Batch) -> tuple[Tensor, int, int]:
    kept_anyway = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    saved: dict[int, torch.UntypedStorage] = {}  # holds the storages, so that no address is used twice

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in kept_anyway:
            saved[storage.data_ptr()] = storage
        return tensor

    def note(module, arguments, output):
        if isinstance(output, Tensor) and not isinstance(module, nn.Embedding):
            pack(output)

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    with FlopCounterMode(display=False) as counter:
        logits = logits_of(model, batch)
    for hook in hooks:
        hook.remove()
    return logits, sum(storage.nbytes() for storage in saved.values()), counter.get_total_flops()
