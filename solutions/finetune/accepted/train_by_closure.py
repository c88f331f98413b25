# Hands a closure to `step`, which clears, computes and clips.


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    model.train()
    optimizer = make_optimizer(param_groups(model, weight_decay))
    initial = [group["lr"] for group in optimizer.param_groups]
    total_steps = epochs * math.ceil(len(batches) / accumulation)
    losses = []

    def closure():
        optimizer.zero_grad()
        losses.append(backward_group(model, group, loss))
        if max_grad_norm is not None:
            nn.utils.clip_grad_norm_((p for g in optimizer.param_groups for p in g["params"]), max_grad_norm)
        return losses[-1]

    for epoch in range(epochs):
        rest = iter(batches)
        while group := list(itertools.islice(rest, accumulation)):
            step = len(losses)
            for settings, lr in zip(optimizer.param_groups, initial):
                settings["lr"] = lr * schedule(step=step, total_steps=total_steps)
            optimizer.step(closure)
            if on_step:
                on_step(step, losses[-1], optimizer.param_groups[0]["lr"])
    optimizer.zero_grad()
    return losses
