# Reports losses as tensors.
# fails: finetune.3.report finetune.3.silent finetune.4.epochs


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.detach()
        targets += int(count)
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return total / targets
