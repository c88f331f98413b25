# Adds up the losses of the group and runs backward once, on the mean.


def backward_group(model, group, loss):
    sums, counts = zip(*(loss(logits_of(model, batch), batch["labels"]) for batch in group))
    mean = torch.stack(sums).sum() / max(1, sum(int(count) for count in counts))
    mean.backward()
    return mean.item()
