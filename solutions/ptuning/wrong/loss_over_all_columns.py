# Divides the loss by the number of columns instead of labels.
# fails: ptuning.2.loss


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        output = self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask, labels))
        if labels is not None:
            output.loss = output.loss * (labels != -100).sum() / labels.numel()
        return output
