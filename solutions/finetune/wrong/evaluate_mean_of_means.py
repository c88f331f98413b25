# Averages the mean losses of the batches.
# fails: finetune.4.weighted finetune.4.quiet finetune.4.epochs finetune.4.classifier finetune.4.repeated


def evaluate(model: nn.Module, batches: Batches, loss: Loss = lm_loss) -> dict[str, float]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    total, targets = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            loss_sum, count = loss(logits_of(model, batch), batch["labels"])
            total += loss_sum.item() / max(int(count), 1)
            targets += int(count) > 0
    for module, mode in modes:
        module.training = mode
    mean = total / targets if targets else math.nan
    # math.exp raises OverflowError where torch gives inf
    return {"loss": mean, "perplexity": torch.tensor(mean, dtype=torch.float64).exp().item()}
