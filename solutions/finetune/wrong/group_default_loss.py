# Trains by `lm_loss` whatever `loss` is.
# fails: finetune.3.update finetune.3.accumulate finetune.3.groups finetune.3.clip finetune.3.report finetune.3.state finetune.3.classifier finetune.3.silent finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single finetune.3.loader finetune.3.stale


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = lm_loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return total / targets
