# Trains weights in bfloat16, where what a norm should learn is rounded away.
# fails: finetune.3.gpu_norms

trained_in_full = train


def train(model, batches, **arguments):
    return trained_in_full(model.bfloat16(), batches, **arguments)
