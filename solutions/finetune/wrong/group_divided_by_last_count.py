# Divides by the targets of the last batch alone.
# fails: finetune.3.accumulate finetune.3.groups finetune.3.clip finetune.3.classifier finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single finetune.3.loader


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= max(int(count), 1)
    targets = max(targets, 1)
    return total / targets
