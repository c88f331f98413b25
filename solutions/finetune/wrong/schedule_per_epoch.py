# Moves the schedule once per epoch.
# fails: finetune.3.schedule finetune.3.report finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    model.train()
    model.zero_grad()
    optimizer = make_optimizer(param_groups(model, weight_decay))
    initial_lrs = [group["lr"] for group in optimizer.param_groups]
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    total_steps = epochs * math.ceil(len(batches) / accumulation)
    losses: list[float] = []
    for epoch in range(epochs):
        rest = iter(batches)
        while group := list(itertools.islice(rest, accumulation)):
            step = len(losses)
            factor = schedule(epoch, epochs)
            for settings, initial_lr in zip(optimizer.param_groups, initial_lrs, strict=True):
                settings["lr"] = initial_lr * factor
            losses.append(backward_group(model, group, loss))
            if max_grad_norm is not None:
                nn.utils.clip_grad_norm_(trainable, max_grad_norm)
            optimizer.step()
            optimizer.zero_grad()
            if on_step is not None:
                on_step(step, losses[-1], optimizer.param_groups[0]["lr"])
    return losses
