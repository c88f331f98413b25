# Keeps the prompt as a tensor that requires a gradient; no optimiser will find it.
# fails: ptuning.2.trainable ptuning.2.frozen ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.dtypes ptuning.2.side_effects ptuning.2.limits ptuning.2.no_mask ptuning.2.rows ptuning.2.wraps ptuning.2.instances


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        base_model.requires_grad_(False)
        table = base_model.get_input_embeddings().weight.detach()
        self.prompt = torch.randn(num_virtual_tokens, table.shape[1], dtype=table.dtype, requires_grad=True)
