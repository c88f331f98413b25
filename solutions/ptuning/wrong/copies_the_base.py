# Wraps a deep copy, so that the caller's base is another model.
# fails: ptuning.2.wraps


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        import copy

        self.base_model = copy.deepcopy(base_model).requires_grad_(False)
        table = base_model.get_input_embeddings().weight.detach()
        self.prompt = nn.Parameter(torch.randn(num_virtual_tokens, table.shape[1], dtype=table.dtype))
