# Counts batches with enumerate, and steps when a group is full or the epoch is over.


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    model.train()
    for parameter in model.parameters():
        parameter.grad = None
    optimizer = make_optimizer(param_groups(model, weight_decay))
    initial = [group["lr"] for group in optimizer.param_groups]
    total_steps = epochs * math.ceil(len(batches) / accumulation)
    losses, step = [], 0
    for _ in range(epochs):
        loss_so_far, targets = 0.0, 0
        for index, batch in enumerate(batches, start=1):
            inputs = dict(batch)
            labels = inputs.pop("labels")
            loss_sum, count = loss(model(**inputs).logits, labels)
            loss_sum.backward()
            loss_so_far += loss_sum.detach().item()
            targets += int(count)
            if index % accumulation and index < len(batches):
                continue
            with torch.no_grad():
                for group in optimizer.param_groups:
                    for parameter in group["params"]:
                        if parameter.grad is not None and targets:
                            parameter.grad.div_(targets)
            losses.append(loss_so_far / targets if targets else 0.0)
            if max_grad_norm is not None:
                everything = [p for group in optimizer.param_groups for p in group["params"]]
                norm = nn.utils.get_total_norm([p.grad for p in everything if p.grad is not None])
                nn.utils.clip_grads_with_norm_(everything, max_grad_norm, norm)
            factor = schedule(step, total_steps)
            for group, lr in zip(optimizer.param_groups, initial):
                group["lr"] = lr * factor
            optimizer.step()
            optimizer.zero_grad()
            if on_step is not None:
                on_step(step, losses[-1], initial[0] * factor)
            step, loss_so_far, targets = step + 1, 0.0, 0
    return losses
