# Runs the forward pass in bfloat16 without being asked to.
# fails: finetune.3.single


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = logits_of(model, batch)
        loss_sum, count = loss(logits, batch["labels"])
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return total / targets
