# Asks autograd for the gradients, adds them up by hand and writes them into `.grad` at the end.


def backward_group(model, group, loss):
    learning = [p for p in model.parameters() if p.requires_grad]
    sums, total, targets = [torch.zeros_like(p) for p in learning], 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        for so_far, more in zip(sums, torch.autograd.grad(loss_sum, learning)):
            so_far += more
        total, targets = total + loss_sum.item(), targets + int(count)
    for parameter, gradient in zip(learning, sums):
        parameter.grad = gradient / max(1, targets)
    return total / max(1, targets)
