# Keeps a deep copy of the weights of every epoch, and chooses at the end.

from copy import deepcopy


def fit(model, train_batches, eval_batches, **train_arguments):
    report = train_arguments.pop("on_step", None) or (lambda step, loss, lr: None)
    per_epoch = -(-len(train_batches) // train_arguments.get("accumulation", 1))
    chosen = {"loss": train_arguments["loss"]} if "loss" in train_arguments else {}
    evaluations, states = [], []

    def on_step(step, loss, lr):
        if step % per_epoch == per_epoch - 1:
            evaluations.append(evaluate(model, eval_batches, **chosen))
            states.append(deepcopy(model.state_dict()))
        report(step, loss, lr)

    losses = train(model, train_batches, **train_arguments, on_step=on_step)
    best = min(range(len(evaluations)), key=lambda epoch: evaluations[epoch]["loss"])
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(states[best][name])
    return {"best_epoch": best, "best_loss": evaluations[best]["loss"], "evaluations": evaluations, "losses": losses}
