# Clips by its own code, without an eps, and clears gradients to zeros at the start of every update.


def train(
    model, batches, *, make_optimizer, schedule, epochs=1, accumulation=1, max_grad_norm=1.0, weight_decay=0.0,
    loss=lm_loss, on_step=None,
):  # fmt: skip
    model.train()
    optimizer = make_optimizer(param_groups(model, weight_decay))
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    total_steps = epochs * math.ceil(len(batches) / accumulation)
    factors = [schedule(step, total_steps) for step in range(total_steps + 1)]
    losses = []
    for _ in range(epochs):
        rest = iter(batches)
        while batch_group := list(itertools.islice(rest, accumulation)):
            step = len(losses)
            optimizer.zero_grad(set_to_none=False)
            losses.append(backward_group(model, batch_group, loss))
            gradients = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
            norm = math.sqrt(sum(float(gradient.double().square().sum()) for gradient in gradients))
            if max_grad_norm is not None and norm > max_grad_norm:
                for gradient in gradients:
                    gradient.mul_(max_grad_norm / norm)
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factors[step]
            optimizer.step()
            if on_step is not None:
                on_step(step, losses[-1], optimizer.param_groups[0]["lr"])
    return losses
