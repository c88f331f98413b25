# Creates the prompt in float32 for a float64 base as well.
# fails: ptuning.2.gradient ptuning.2.dtypes


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        base_model.requires_grad_(False)
        d = base_model.get_input_embeddings().weight.shape[1]
        self.prompt = nn.Parameter(torch.randn(num_virtual_tokens, d))
