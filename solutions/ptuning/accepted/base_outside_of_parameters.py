# Keeps the frozen base out of `parameters()` and `state_dict()`, in a tuple.


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError("num_virtual_tokens must be at least 1")
        self._base = (base_model.requires_grad_(False),)
        self.num_virtual_tokens = num_virtual_tokens
        table = base_model.get_input_embeddings().weight.detach()
        self.prompt = nn.Parameter(table.mean(dim=0).repeat(num_virtual_tokens, 1))

    @property
    def base_model(self):
        return self._base[0]
