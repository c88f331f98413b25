# Writes the prompt into the first rows of the embedding table and looks it up there.
# fails: ptuning.2.frozen ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.side_effects


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        V = self.num_virtual_tokens
        table = self.base_model.get_input_embeddings()
        with torch.no_grad():
            table.weight[:V] = self.prompt
        embeds = self.base_model.get_input_embeddings()(input_ids)
        prompt = table(torch.arange(V)) + self.prompt - self.prompt.detach()
        return self.base_model(**build_prompt_inputs(prompt, embeds, attention_mask, labels))
