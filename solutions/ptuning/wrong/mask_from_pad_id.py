# Takes every token with the pad's id for a pad where no mask is given.
# fails: ptuning.2.no_mask


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        if attention_mask is None:
            attention_mask = input_ids != self.base_model.config.pad_token_id
        return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
