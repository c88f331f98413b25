# Takes every parameter for float32.
# fails: finetune.5.counts finetune.5.models


def cost_report(model: nn.Module, batch: Batch) -> dict[str, int]:
    logits, saved_bytes, forward_flops = forward_cost(model, batch)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    grad_bytes = sum(4 * parameter.numel() for parameter in trainable)
    with FlopCounterMode(display=False) as counter:
        torch.autograd.grad(logits.sum(), trainable, allow_unused=True)  # writes no `.grad`
    return {
        "trainable": sum(parameter.numel() for parameter in trainable),
        "total": sum(parameter.numel() for parameter in model.parameters()),
        "grad_bytes": grad_bytes,
        "optimizer_bytes": 2 * grad_bytes,
        "saved_bytes": saved_bytes,
        "forward_flops": forward_flops,
        "backward_flops": counter.get_total_flops(),
    }
