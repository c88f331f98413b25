# Chooses the epoch by the loss of its last training update.
# fails: finetune.4.best finetune.4.ties


def fit(model: nn.Module, train_batches: Batches, eval_batches: Batches, **train_arguments) -> dict:
    updates_per_epoch = math.ceil(len(train_batches) / train_arguments.get("accumulation", 1))
    evaluations: list[dict[str, float]] = []
    best: dict = {"epoch": 0, "state": {}}
    callers_on_step = train_arguments.pop("on_step", None)

    def on_step(step: int, step_loss: float, lr: float) -> None:
        if callers_on_step is not None:
            callers_on_step(step, step_loss, lr)
        if (step + 1) % updates_per_epoch == 0:
            evaluations.append(evaluate(model, eval_batches, train_arguments.get("loss", lm_loss)))
            if not best["state"] or step_loss < best["loss"]:
                best["loss"] = step_loss
                best["epoch"] = len(evaluations) - 1
                # clone: a state_dict holds the live tensors, which go on learning
                best["state"] = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    losses = train(model, train_batches, on_step=on_step, **train_arguments)
    model.load_state_dict(best["state"])
    return {
        "losses": losses,
        "evaluations": evaluations,
        "best_epoch": best["epoch"],
        "best_loss": evaluations[best["epoch"]]["loss"],
    }
