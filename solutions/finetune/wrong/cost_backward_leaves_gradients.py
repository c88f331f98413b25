# Runs backward and leaves its gradients in the model.
# fails: finetune.5.traceless


def cost_report(model: nn.Module, batch: Batch) -> dict[str, int]:
    logits, saved_bytes, forward_flops = forward_cost(model, batch)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    grad_bytes = sum(parameter.numel() * parameter.element_size() for parameter in trainable)
    with FlopCounterMode(display=False) as counter:
        logits.sum().backward()
    return {
        "trainable": sum(parameter.numel() for parameter in trainable),
        "total": sum(parameter.numel() for parameter in model.parameters()),
        "grad_bytes": grad_bytes,
        "optimizer_bytes": 2 * grad_bytes,
        "saved_bytes": saved_bytes,
        "forward_flops": forward_flops,
        "backward_flops": counter.get_total_flops(),
    }
