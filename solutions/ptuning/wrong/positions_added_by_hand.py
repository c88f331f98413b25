# Adds position embeddings itself; the base adds them again.
# fails: ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        inputs = build_prompt_inputs(self.prompt, embeds, attention_mask, labels)
        inputs["inputs_embeds"] = inputs["inputs_embeds"] + self.base_model.transformer.wpe(inputs["position_ids"])
        return self.base_model(**inputs)
