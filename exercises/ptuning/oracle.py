"""The interface of `ptuning.py` on top of PEFT: what a right answer computes. Holds no P-tuning of its own.

PEFT is wrong about pads on the left of a GPT-2: it extends the mask but sends no positions, and the model counts
columns. It is right about rows without pads, so batches with such pads are taken apart here and asked for row by row.
Tests for what PEFT does not refuse stand in front of the call.
"""

import peft
import torch
from torch import Tensor, nn
from torch.func import functional_call
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.modeling_outputs import CausalLMOutput


def _prompt_tuning(base_model: nn.Module, num_virtual_tokens: int) -> nn.Module:
    if num_virtual_tokens < 1:
        raise ValueError("PEFT accepts a prompt of no tokens")
    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=num_virtual_tokens)
    return peft.get_peft_model(base_model, config)


class _Recorder(GPT2LMHeadModel):
    """A base that returns what it was called with: what PEFT makes of a batch."""

    def forward(self, **inputs):
        return inputs


def build_prompt_inputs(
    prompt: Tensor, embeds: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None
) -> dict[str, Tensor | None]:
    """What PEFT hands to its base, and the positions of transformers."""
    V, d = prompt.shape
    config = GPT2Config(n_embd=d, n_layer=0, n_head=1, n_positions=1, vocab_size=1, bos_token_id=0, eos_token_id=0)
    recorder = _Recorder(config)
    if attention_mask is None:
        attention_mask = torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device)
    inputs = functional_call(
        _prompt_tuning(recorder, V),
        {"prompt_encoder.default.embedding.weight": prompt},
        kwargs={"inputs_embeds": embeds, "attention_mask": attention_mask, "labels": labels},
    )
    # The positions that transformers itself uses when it generates.
    positions = recorder._prepare_position_ids_for_generation(embeds, inputs)
    return {
        "inputs_embeds": inputs["inputs_embeds"],
        "attention_mask": inputs["attention_mask"],
        "position_ids": positions,
        "labels": inputs["labels"],
    }


class PtuningModel(nn.Module):
    """PEFT's prompt tuning; batches with pads on the left go through it row by row."""

    def __init__(self, base_model: nn.Module, num_virtual_tokens: int = 20) -> None:
        super().__init__()
        self.model = _prompt_tuning(base_model, num_virtual_tokens)
        self.num_virtual_tokens = num_virtual_tokens
        # PEFT creates the prompt in float32 even for a float64 base.
        self.model.prompt_encoder.to(torch.promote_types(base_model.dtype, torch.float32))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None):
        if self.num_virtual_tokens + input_ids.shape[1] > self.model.config.n_positions:
            raise ValueError("PEFT runs out of the table of positions")
        if attention_mask is None or attention_mask[:, 0].all():
            return self.model(input_ids=input_ids, attention_mask=attention_mask, labels=labels)
        return self._row_by_row(input_ids, attention_mask.bool(), labels)

    def _row_by_row(self, input_ids: Tensor, real: Tensor, labels: Tensor | None) -> CausalLMOutput:
        V = self.num_virtual_tokens
        logits, loss, targets = [], 0.0, 0
        for row, kept in enumerate(real):
            wanted = None if labels is None else labels[row : row + 1, kept]
            output = self.model(input_ids=input_ids[row : row + 1, kept], labels=wanted)
            whole = output.logits.new_zeros(V + len(kept), output.logits.shape[-1])
            whole[:V], whole[V:][kept] = output.logits[0, :V], output.logits[0, V:]
            logits.append(whole)
            count = 0 if wanted is None else int((wanted != -100).sum())
            if count:  # the mean over no targets is not a number
                loss, targets = loss + count * output.loss, targets + count
        return CausalLMOutput(loss=loss / targets if targets else None, logits=torch.stack(logits))


class PromptEncoder(nn.Module):
    """PEFT's encoder, called with all of its indices."""

    def __init__(self, num_virtual_tokens: int, hidden_size: int, encoder_hidden_size: int, kind: str = "mlp") -> None:
        super().__init__()
        if num_virtual_tokens < 1:
            raise ValueError("PEFT accepts an encoder of no tokens")
        self.encoder = peft.PromptEncoder(
            peft.PromptEncoderConfig(
                num_virtual_tokens=num_virtual_tokens,
                token_dim=hidden_size,
                num_transformer_submodules=1,
                encoder_reparameterization_type=kind.upper(),
                encoder_hidden_size=encoder_hidden_size,
            )
        )
        self.register_buffer("indices", torch.arange(num_virtual_tokens))

    def forward(self) -> Tensor:
        return self.encoder(self.indices)

    def bake(self) -> Tensor:
        return self().detach().clone()


def generate(
    model: PtuningModel, input_ids: Tensor, attention_mask: Tensor, max_new_tokens: int, eos_token_id: int | None = None
) -> Tensor:
    """`generate` of PEFT, row by row and without pads."""
    B, T = input_ids.shape
    if model.num_virtual_tokens + T + max_new_tokens - 1 > model.model.config.n_positions:
        raise ValueError("PEFT runs out of the table of positions")
    filler = 0 if eos_token_id is None else eos_token_id
    new_tokens = input_ids.new_full((B, max_new_tokens), filler)
    for row, real in enumerate(attention_mask.bool()):
        text = input_ids[row : row + 1, real]
        text_and_new = model.model.generate(
            input_ids=text,
            attention_mask=torch.ones_like(text),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=eos_token_id,
            pad_token_id=filler,
        )
        new = text_and_new[0, text.shape[1] :]
        new_tokens[row, : len(new)] = new  # transformers stops at the EOS
    return new_tokens
