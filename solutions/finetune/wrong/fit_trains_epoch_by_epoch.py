# Calls `train` once per epoch, which restarts optimiser and schedule.
# fails: finetune.4.epochs finetune.4.best


def fit(model, train_batches, eval_batches, **train_arguments):
    epochs = train_arguments.pop("epochs", 1)
    losses, evaluations, best_state = [], [], {}
    best_epoch = 0
    for epoch in range(epochs):
        losses += train(model, train_batches, epochs=1, **train_arguments)
        evaluations.append(evaluate(model, eval_batches, train_arguments.get("loss", lm_loss)))
        if epoch == 0 or evaluations[-1]["loss"] < evaluations[best_epoch]["loss"]:
            best_epoch = epoch
            best_state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(best_state)
    return {
        "losses": losses,
        "evaluations": evaluations,
        "best_epoch": best_epoch,
        "best_loss": evaluations[best_epoch]["loss"],
    }
