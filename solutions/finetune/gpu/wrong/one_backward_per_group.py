# Sums the losses of a whole group and goes backward once, so that the graphs of all of its batches are alive.
# fails: finetune.3.gpu_memory


def backward_group(model, group, loss):
    total, targets = 0.0, 0
    for batch in group:
        loss_sum, count = loss(logits_of(model, batch), batch["labels"])
        total, targets = total + loss_sum, targets + int(count)
    mean = total / max(targets, 1)
    mean.backward()
    return mean.item()
