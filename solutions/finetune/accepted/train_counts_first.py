# Counts the targets of a group in a first pass without gradients, and divides each loss before its backward.


def backward_group(model, group, loss):
    group = list(group)
    with torch.no_grad():
        targets = sum(int(loss(logits_of(model, batch), batch["labels"])[1]) for batch in group) or 1
    total = 0.0
    for batch in group:
        share = loss(logits_of(model, batch), batch["labels"])[0] / targets
        share.backward()
        total += share.item()
    return total
