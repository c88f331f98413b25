# Takes the labels out of the caller's batches.
# fails: finetune.3.groups finetune.3.schedule finetune.3.state finetune.4.epochs finetune.4.best finetune.6.full finetune.6.lora finetune.6.prompt finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.loader finetune.4.ties finetune.6.others


def backward_group(model: nn.Module, group: Iterable[Batch], loss: Loss) -> float:
    total, targets = 0.0, 0
    for batch in group:
        labels = batch.pop("labels")
        loss_sum, count = loss(model(**batch).logits, labels)
        loss_sum.backward()
        total += loss_sum.item()
        targets += int(count)
    targets = max(targets, 1)  # without a target all sums are zero: any divisor will do
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad /= targets
    return total / targets
