# Reports the mean loss of the last batch for that of the group.
# fails: finetune.3.report finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return loss_sum.item() / max(int(count), 1)
