# Accepts a prompt of no tokens.
# fails: ptuning.2.limits


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        base_model.requires_grad_(False)
        table = base_model.get_input_embeddings().weight.detach()
        self.prompt = nn.Parameter(torch.randn(num_virtual_tokens, table.shape[1], dtype=table.dtype))
