# Divides by zero where a group has no target.
# fails: finetune.3.silent


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return total / targets if targets else 0.0
