# Adds up every saved tensor, also where two share a storage.
# fails: finetune.5.saved finetune.5.models


def forward_cost(model: nn.Module, batch: Batch) -> tuple[Tensor, int, int]:
    kept_anyway = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    saved = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in kept_anyway:
            saved.append(tensor)
        return tensor

    with FlopCounterMode(display=False) as counter, saved_tensors_hooks(pack, lambda tensor: tensor):
        logits = logits_of(model, batch)
    return logits, sum(tensor.numel() * tensor.element_size() for tensor in saved), counter.get_total_flops()
