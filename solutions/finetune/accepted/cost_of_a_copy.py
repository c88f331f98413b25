# Measures a deep copy of the model, whose gradients nobody will miss, with one counter for both passes.

from copy import deepcopy


def cost_report(model, batch):
    twin = deepcopy(model)
    twin.zero_grad()
    known = {t.untyped_storage().data_ptr() for t in [*twin.parameters(), *twin.buffers()]}
    storages = []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            known.add(storage.data_ptr())
            storages.append(storage)
        return tensor

    counter = FlopCounterMode(display=False)
    with counter:
        with saved_tensors_hooks(pack, lambda tensor: tensor):
            logits = logits_of(twin, batch)
        forward = counter.get_total_flops()
        logits.float().sum().backward()
    sizes = [
        (p.numel(), p.grad.nbytes if p.grad is not None else p.nbytes) for p in twin.parameters() if p.requires_grad
    ]
    grad_bytes = sum(size for _, size in sizes)
    return {
        "trainable": sum(number for number, _ in sizes),
        "total": sum(p.numel() for p in set(twin.parameters())),
        "grad_bytes": grad_bytes,
        "optimizer_bytes": grad_bytes + grad_bytes,
        "saved_bytes": sum(len(storage) for storage in storages),
        "forward_flops": forward,
        "backward_flops": counter.get_total_flops() - forward,
    }
