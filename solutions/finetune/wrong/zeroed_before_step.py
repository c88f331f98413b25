# Clears the gradients between backward and step, so that nothing learns.
# fails: finetune.3.update finetune.3.accumulate finetune.3.groups finetune.3.clip finetune.3.state finetune.3.classifier finetune.3.silent finetune.3.sgd finetune.3.adamw finetune.3.bert finetune.3.single finetune.3.defaults finetune.3.loader finetune.3.stale finetune.3.schedule finetune.3.memory finetune.4.best finetune.4.ties


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
    for _ in range(epochs):
        rest = iter(batches)
        while group := list(itertools.islice(rest, accumulation)):
            step = len(losses)
            factor = schedule(step, total_steps)
            for settings, initial_lr in zip(optimizer.param_groups, initial_lrs, strict=True):
                settings["lr"] = initial_lr * factor
            losses.append(backward_group(model, group, loss))
            optimizer.zero_grad()
            if max_grad_norm is not None:
                nn.utils.clip_grad_norm_(trainable, max_grad_norm)
            optimizer.step()
            if on_step is not None:
                on_step(step, losses[-1], optimizer.param_groups[0]["lr"])
    return losses
