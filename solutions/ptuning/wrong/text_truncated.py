# Cuts the text to what fits instead of refusing it.
# fails: ptuning.2.limits


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        fits = self.base_model.config.n_positions - self.num_virtual_tokens
        input_ids = input_ids[:, :fits]
        attention_mask = None if attention_mask is None else attention_mask[:, :fits]
        labels = None if labels is None else labels[:, :fits]
        embeds = self.base_model.get_input_embeddings()(input_ids)
        return self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
