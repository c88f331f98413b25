# Computes gradients of frozen parameters as well.
# fails: finetune.5.flops finetune.5.saved


def cost_report(model: nn.Module, batch: Batch) -> dict[str, int]:
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.requires_grad_(True)
    logits, saved_bytes, forward_flops = forward_cost(model, batch)
    grad_bytes = sum(parameter.numel() * parameter.element_size() for parameter in trainable)
    with FlopCounterMode(display=False) as counter:
        torch.autograd.grad(logits.sum(), list(model.parameters()), allow_unused=True)  # writes no `.grad`
    for parameter in frozen:
        parameter.requires_grad_(False)
    return {
        "trainable": sum(parameter.numel() for parameter in trainable),
        "total": sum(parameter.numel() for parameter in model.parameters()),
        "grad_bytes": grad_bytes,
        "optimizer_bytes": 2 * grad_bytes,
        "saved_bytes": saved_bytes,
        "forward_flops": forward_flops,
        "backward_flops": counter.get_total_flops(),
    }
