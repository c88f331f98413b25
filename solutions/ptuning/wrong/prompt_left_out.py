# Runs the base on the text alone.
# fails: ptuning.2.frozen ptuning.2.logits ptuning.2.left_padding ptuning.2.other_padding ptuning.2.loss ptuning.2.gradient ptuning.2.limits ptuning.2.no_mask ptuning.2.rows ptuning.2.instances ptuning.2.dtypes ptuning.2.side_effects ptuning.2.trainable ptuning.2.wraps


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        columns = self.num_virtual_tokens + input_ids.shape[1]
        if columns > self.base_model.config.n_positions:
            raise ValueError(f"{columns} positions are too many")
        return self.base_model(input_ids, attention_mask=attention_mask, labels=labels)
