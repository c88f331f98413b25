# Raises subclasses of ValueError.


class TooLong(ValueError):
    pass


class PtuningModel(PtuningModel):
    def forward(self, input_ids, attention_mask=None, labels=None):
        if input_ids.shape[1] > self.base_model.config.n_positions - self.num_virtual_tokens:
            raise TooLong
        return super().forward(input_ids, attention_mask, labels)
