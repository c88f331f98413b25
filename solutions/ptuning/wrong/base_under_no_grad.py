# Runs the base under `no_grad` to freeze it, which cuts off the prompt too.
# fails: ptuning.2.frozen ptuning.2.loss ptuning.2.gradient


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        with torch.no_grad():
            return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
