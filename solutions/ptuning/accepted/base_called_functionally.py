# Leaves the base's flags alone and calls it with detached weights.


from torch.func import functional_call


class PtuningModel(PtuningModel):
    def __init__(self, base_model, num_virtual_tokens=20):
        nn.Module.__init__(self)
        if num_virtual_tokens < 1:
            raise ValueError("num_virtual_tokens must be at least 1")
        object.__setattr__(self, "base_model", base_model)
        self.num_virtual_tokens = num_virtual_tokens
        table = base_model.get_input_embeddings().weight.detach()
        self.prompt = nn.Parameter(table[-num_virtual_tokens:].clone())

    def forward(self, input_ids, attention_mask=None, labels=None):
        if self.num_virtual_tokens + input_ids.shape[1] > self.base_model.config.n_positions:
            raise ValueError("prompt and text are too long")
        weights = {name: weight.detach() for name, weight in self.base_model.named_parameters()}
        embeds = F.embedding(input_ids, weights["transformer.wte.weight"])
        inputs = build_prompt_inputs(self.prompt, embeds, attention_mask, labels)
        return functional_call(self.base_model, weights, args=(), kwargs=inputs)
