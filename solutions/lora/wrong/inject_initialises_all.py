# Initialises everything that is trainable in one loop at the end, B included.
# fails: lora.4.fresh


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    model = inner(model, target_modules, r, alpha, dropout)
    for parameter in model.parameters():
        if parameter.requires_grad:
            nn.init.kaiming_uniform_(parameter, a=math.sqrt(5))
    return model
