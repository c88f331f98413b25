# Keeps the prompt in an nn.Embedding, looked up with arange.


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError("num_virtual_tokens must be at least 1")
        for weight in base_model.parameters():
            weight.requires_grad = False
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        table = base_model.get_input_embeddings().weight
        self.virtual = nn.Embedding(num_virtual_tokens, table.shape[1], device=table.device, dtype=table.dtype)

    @property
    def prompt(self):
        return self.virtual(torch.arange(self.num_virtual_tokens))
