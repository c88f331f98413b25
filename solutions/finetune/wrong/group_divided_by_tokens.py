# Divides by the number of tokens, pads and all.
# fails: finetune.3.update finetune.3.accumulate finetune.3.groups finetune.3.clip finetune.3.state finetune.3.silent finetune.3.sgd finetune.3.adamw finetune.3.single finetune.3.loader


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets, tokens = 0.0, 0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
        tokens += batch["labels"].numel()
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= tokens
    return total / targets
