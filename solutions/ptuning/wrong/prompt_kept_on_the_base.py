# Stores the prompt on the base, where a second model finds it again.
# fails: ptuning.2.frozen ptuning.2.side_effects ptuning.2.wraps ptuning.2.instances


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        base_model.requires_grad_(False)
        if not hasattr(base_model, "prompt"):
            table = base_model.get_input_embeddings().weight.detach()
            base_model.prompt = nn.Parameter(torch.randn(num_virtual_tokens, table.shape[1], dtype=table.dtype))

    @property
    def prompt(self):
        return self.base_model.prompt
