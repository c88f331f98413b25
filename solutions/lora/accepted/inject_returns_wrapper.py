# Returns a module of its own around the model; the names get a prefix that the files do not have.


class Adapted(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.training = model.training

    def forward(self, *args, **kwargs):
        return self.model(*args, **kwargs)


def inject_lora(model, target_modules, r, alpha, dropout=0.0, inner=inject_lora):
    return Adapted(inner(model, target_modules, r, alpha, dropout))


def adapter_layers(model, inner=adapter_layers):
    return inner(model.model if isinstance(model, Adapted) else model)
