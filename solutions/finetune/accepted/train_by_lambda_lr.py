# Leaves the learning rates to torch's LambdaLR.


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    model.train()
    model.zero_grad()
    total_steps = epochs * -(-len(batches) // accumulation)
    optimizer = make_optimizer(param_groups(model, weight_decay))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule(min(step, total_steps), total_steps))
    losses = []
    for _ in range(epochs):
        rest = iter(batches)
        while group := list(itertools.islice(rest, accumulation)):
            losses.append(backward_group(model, group, loss))
            if max_grad_norm is not None:
                parameters = [p for settings in optimizer.param_groups for p in settings["params"]]
                nn.utils.clip_grad_norm_(parameters, max_grad_norm)
            (lr, *_) = scheduler.get_last_lr()
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            if on_step is not None:
                on_step(len(losses) - 1, losses[-1], lr)
    return losses
