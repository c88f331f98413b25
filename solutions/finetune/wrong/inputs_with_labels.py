# Calls the model with the labels, too.
# fails: finetune.3.state finetune.4.epochs finetune.4.best finetune.5.flops finetune.5.saved finetune.4.ties finetune.5.models


def logits_of(model, batch):
    return model(**batch).logits
