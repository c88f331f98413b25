# Splits the loop in two: a generator of groups over all epochs, and one update per group.


def groups_of(batches, epochs, size):
    for _ in range(epochs):
        group = []
        for batch in batches:
            group.append(batch)
            if len(group) == size:
                yield group
                group = []
        if group:
            yield group


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    optimizer = make_optimizer(param_groups(model, weight_decay))
    rates = [group["lr"] for group in optimizer.param_groups]
    total_steps = epochs * ((len(batches) + accumulation - 1) // accumulation)
    model.zero_grad(set_to_none=False)
    model.train()

    def update(step, group):
        mean = backward_group(model, group, loss)
        for settings, rate in zip(optimizer.param_groups, rates):
            settings["lr"] = rate * schedule(step, total_steps)
            if max_grad_norm is None:
                continue
        if max_grad_norm is not None:
            nn.utils.clip_grad_norm_(
                [p for g in optimizer.param_groups for p in g["params"]], max_grad_norm, foreach=False
            )
        optimizer.step()
        model.zero_grad()
        if on_step is not None:
            on_step(step, mean, optimizer.param_groups[0]["lr"])
        return mean

    return [update(step, group) for step, group in enumerate(groups_of(batches, epochs, accumulation))]
