# Puts the whole model into train mode afterwards.
# fails: finetune.4.quiet


def evaluate(model: nn.Module, batches: Batches, loss: Loss = lm_loss) -> dict[str, float]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    total, targets = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            loss_sum, count = loss(logits_of(model, batch), batch["labels"])
            total += loss_sum.item()
            targets += int(count)
    model.train()
    mean = total / targets if targets else math.nan
    # math.exp raises OverflowError where torch gives inf
    return {"loss": mean, "perplexity": torch.tensor(mean, dtype=torch.float64).exp().item()}
