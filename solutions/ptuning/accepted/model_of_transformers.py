# Is a model of transformers, which initialises and ties weights of its own.

from transformers import GPT2Config, PreTrainedModel


class PtuningModel(PreTrainedModel):
    config_class = GPT2Config
    base_model_prefix = "gpt2"
    forward = PtuningModel.forward

    def __init__(self, base_model, num_virtual_tokens=20):
        super().__init__(base_model.config)
        if num_virtual_tokens < 1:
            raise ValueError("num_virtual_tokens must be at least 1")
        self.gpt2 = base_model.requires_grad_(False)
        self.num_virtual_tokens = num_virtual_tokens
        self.prompt = nn.Parameter(base_model.get_input_embeddings().weight[:1].repeat(num_virtual_tokens, 1))
        self.post_init()
