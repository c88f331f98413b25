# Leaves the prompt's memory as it was found.
# fails: ptuning.2.trainable


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        base_model.requires_grad_(False)
        table = base_model.get_input_embeddings().weight
        self.prompt = nn.Parameter(torch.full((num_virtual_tokens, table.shape[1]), float("nan"), dtype=table.dtype))
