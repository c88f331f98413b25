# Runs backward from the loss and puts the former gradients back.


def cost_report(model, batch):
    logits, saved_bytes, forward_flops = forward_cost(model, batch)
    former = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in former:
        parameter.grad = None
    with FlopCounterMode(display=False) as counter:
        logits.logsumexp(-1).mean().backward()
    for parameter, gradient in former:
        parameter.grad = gradient
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return {
        "trainable": sum(parameter.numel() for parameter in learning),
        "total": sum(parameter.numel() for parameter in model.parameters()),
        "grad_bytes": sum(parameter.nbytes for parameter in learning),
        "optimizer_bytes": sum(2 * parameter.nbytes for parameter in learning),
        "saved_bytes": saved_bytes,
        "forward_flops": forward_flops,
        "backward_flops": counter.get_total_flops(),
    }
