# Lets gradients of a group meet in hooks' own buffers before they reach `.grad`.


def backward_group(model, group, loss):
    buffers = {}

    def collect(parameter):
        buffers[parameter] = buffers.get(parameter, 0) + parameter.grad
        parameter.grad = None

    hooks = [p.register_post_accumulate_grad_hook(collect) for p in model.parameters() if p.requires_grad]
    total = torch.zeros((), dtype=torch.float64)
    targets = torch.zeros((), dtype=torch.int64)
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.detach()
        targets += count
    for hook in hooks:
        hook.remove()
    divisor = targets.clamp(min=1)
    for parameter, gradient in buffers.items():
        parameter.grad = gradient / divisor
    return (total / divisor).item()
