# Puts a trainable layer behind the prompt: more than the prompt is trained.
# fails: ptuning.2.trainable ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.dtypes ptuning.2.wraps ptuning.2.instances ptuning.2.frozen ptuning.2.limits ptuning.2.no_mask ptuning.2.rows ptuning.2.side_effects


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        base_model.requires_grad_(False)
        table = base_model.get_input_embeddings().weight.detach()
        self.prompt = nn.Parameter(torch.randn(num_virtual_tokens, table.shape[1], dtype=table.dtype))
        self.layer = nn.Linear(self.prompt.shape[1], self.prompt.shape[1]).to(table.dtype)

    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        prompt = self.layer(self.prompt)
        return self.base_model(**build_prompt_inputs(prompt, embeds, attention_mask, labels))
