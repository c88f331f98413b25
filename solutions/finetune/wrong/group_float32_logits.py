# Converts logits to float32 before the loss, out of habit.
# fails: finetune.3.update finetune.3.accumulate finetune.3.groups finetune.3.report finetune.3.state finetune.3.classifier finetune.3.silent finetune.3.loader


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch).float(), batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return total / targets
