# Puts the model into train mode to measure, and leaves it there.
# fails: finetune.5.traceless

measured_forward = forward_cost


def forward_cost(model, batch):
    return measured_forward(model.train(), batch)
