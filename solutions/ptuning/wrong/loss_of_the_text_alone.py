# Computes the loss on the text's logits alone, so that the first token has no prediction.
# fails: ptuning.2.loss


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        embeds = self.base_model.get_input_embeddings()(input_ids)
        output = self.base_model(**build_prompt_inputs(self.prompt, embeds, attention_mask))
        if labels is not None:
            logits = output.logits[:, self.num_virtual_tokens : -1]
            output.loss = F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        return output
