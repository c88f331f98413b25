"""P-tuning: teach a frozen language model a task by training a few vectors in front of the text.

A transformer never sees words, it sees one vector per token. Prompt tuning puts V vectors that belong to no word
(virtual tokens) in front of every text and trains nothing else. P-tuning lets a small network produce them.

    ptuning.1  what a GPT-2 is given: embeddings, mask, positions, labels   "The Power of Scale for Parameter-
    ptuning.2  the frozen model with its trained prompt                     Efficient Prompt Tuning", section 2
    ptuning.3  the network behind the prompt                                "GPT Understands, Too", section 3
    ptuning.4  text that goes on after prompt and text                      transformers, "Caching"

The papers: P-tuning is Liu et al. 2021, https://arxiv.org/abs/2103.10385; prompt tuning is Lester et al. 2021,
https://arxiv.org/abs/2104.08691. PEFT has both, as `PromptEncoderConfig` and `PromptTuningConfig`.

Each hole raises `NotImplementedError` until you fill it. The docstrings are the specification: what they do not fix
(names of attributes and sub-modules, the order of operations, your own helpers) is yours to choose. You may use
torch, transformers, safetensors, numpy and the standard library, but not peft.

Letters: B rows of a batch, T columns of text, V virtual tokens, d the width of the embeddings.
"""

import torch
import torch.nn.functional as F  # noqa: N812 (the name that everybody uses)
from torch import Tensor, nn

# ------------------------------------------------------------------------------------------------ ptuning.1


def build_prompt_inputs(
    prompt: Tensor, embeds: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None
) -> dict[str, Tensor | None]:
    """Put the prompt in front of a batch of embedded texts. A pure function: it changes none of its arguments.

        prompt          (V, d)     the virtual tokens, the same ones for every row; V >= 1
        embeds          (B, T, d)  the embedded text; its dtype and device may differ from the prompt's
        attention_mask  (B, T)     1 for a real token, 0 for a pad: integers, bools or floats;
                                   None: every token is real
        labels          (B, T)     int64, -100 where no loss is wanted; None: there are no labels

    Pads may stand on the left, on the right or on both sides; the real tokens of a row are contiguous.
    Returns a dict with four keys, ready to be passed to a GPT-2 from transformers:

        inputs_embeds   (B, V+T, d)  the prompt, then the columns of `embeds` unchanged, also under pads;
                                     dtype and device of `embeds`; gradients reach the prompt and `embeds`
        attention_mask  (B, V+T)     1 for the prompt, then the mask (ones if there was none); integers,
                                     bools or floats
        position_ids    (B, V+T)     int64; the real tokens of a row, virtual ones included, are numbered
                                     0, 1, 2, ... wherever its pads stand; the number of a pad is free, but
                                     at least 0 and below V+T
        labels          (B, V+T)     int64; -100 for the prompt, then the labels where they were: the model
                                     shifts them itself, so that the last virtual token predicts the first
                                     token of the text; None stays None

    Example: V = 2 and a text of a pad and two tokens, attention_mask [[0, 1, 1]], labels [[-100, -100, 7]]

        attention_mask  [[1, 1, 0, 1, 1]]
        position_ids    [[0, 1, p, 2, 3]]    p: any of 0 to 4
        labels          [[-100, -100, -100, -100, 7]]
    """
    V, d = prompt.shape
    B, T, _ = embeds.shape
    inputs: dict[str, Tensor | None] = {}
    # TODO(ptuning.1): the prompt in front of every row, in the dtype of the text (about 2 lines)
    raise NotImplementedError("ptuning.1")
    # TODO(ptuning.1): the mask of prompt and text, also where the caller sent none (about 3 lines)
    raise NotImplementedError("ptuning.1")
    # TODO(ptuning.1): the position of every token, wherever the pads stand (about 2 lines)
    raise NotImplementedError("ptuning.1")
    # TODO(ptuning.1): the labels of prompt and text, if there are any (about 2 lines)
    raise NotImplementedError("ptuning.1")
    return inputs


# ------------------------------------------------------------------------------------------------ ptuning.2


class PtuningModel(nn.Module):
    """A frozen GPT-2 with V = `num_virtual_tokens` trained vectors in front of every text.

    `base_model` is a GPT-2 causal language model of any width, in float32, float64 or bfloat16, its head tied to
    the embeddings or not.

    - Exactly one tensor in `parameters()` requires a gradient: the prompt. Its V*d elements in row-major order are
      the (V, d) virtual tokens; its name and shape are free, (1, V, d) for example. It starts at any finite values
      and is stored in the base's precision or a better one. Two models over one base have a prompt each.
    - The base is the caller's object, not a copy, and it is frozen: a backward pass leaves no gradient on its
      weights, and AdamW with weight decay over all parameters of model and base moves the prompt alone.
    - Of the base only the `requires_grad` flags may change. Weights, buffers, dtypes, config, hooks, train or eval
      mode and outputs stay as the caller left them, here and in `forward`.
    - `num_virtual_tokens` below 1 raises ValueError.

    Example: 20 virtual tokens for a GPT-2 of width 768 are one trainable tensor of 15,360 elements.
    """

    def __init__(self, base_model: nn.Module, num_virtual_tokens: int = 20) -> None:
        super().__init__()
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        self.base_model = base_model
        self.num_virtual_tokens = num_virtual_tokens
        # TODO(ptuning.2): freeze the base and create the prompt (about 4 lines)
        raise NotImplementedError("ptuning.2")

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None):
        """Run the base on prompt and text and return its output: `.logits` (B, V+T, vocabulary) and `.loss`.

            input_ids       (B, T)  int64
            attention_mask  (B, T)  as in `build_prompt_inputs`; None: every token is real, whatever its id
            labels          (B, T)  as in `build_prompt_inputs`; None: no labels, and `.loss` is None

        - A padded row (left, right, both sides) has at its real tokens the logits that it has alone and without
          pads. Other rows and the ids under pads make no difference. The logits of pads are free.
        - The loss is the one of GPT-2 in transformers: next-token cross-entropy in float32, averaged over all
          labels but -100. Callers send -100 under pads and for the first real token behind pads on the left.
        - Gradients of logits and loss reach every virtual token.
        - V + T above the base's `config.n_positions` raises ValueError, pads counted; equality works.
        - None of the caller's tensors is changed.
        """
        # TODO(ptuning.2): refuse what is too long, embed the text, run the base behind the prompt (about 6 lines)
        raise NotImplementedError("ptuning.2")


# ------------------------------------------------------------------------------------------------ ptuning.3


class PromptEncoder(nn.Module):
    """P-tuning's source of a prompt: V learned vectors pass through a small network, its output is the prompt.

    With V = `num_virtual_tokens`, d = `hidden_size`, h = `encoder_hidden_size`, `kind` chooses one of

        "mlp"   Embedding(V, d); Linear(d, h), ReLU, Linear(h, h), ReLU, Linear(h, d)
        "lstm"  Embedding(V, d); LSTM of 2 layers, both directions, h units in each; Linear(2h, 2h), ReLU,
                Linear(2h, d). The virtual tokens are the steps of one sequence.

    without dropout. `parameters()` yields torch's own tensors of these layers in the order in which they stand
    here (PEFT's order, so that weights can be copied over); all are trainable; names and start values are free.
    `num_virtual_tokens` below 1 and any other `kind` raise ValueError.

    A `PtuningModel` contains no encoder: the two meet in `build_prompt_inputs(encoder(), embeds, ...)`.

    Example: V = 20, d = 768, h = 128 make 229,376 parameters with "mlp" and 1,593,344 with "lstm".
    """

    def __init__(self, num_virtual_tokens: int, hidden_size: int, encoder_hidden_size: int, kind: str = "mlp") -> None:
        super().__init__()
        if num_virtual_tokens < 1:
            raise ValueError(f"num_virtual_tokens must be at least 1, not {num_virtual_tokens}")
        V, d, h = num_virtual_tokens, hidden_size, encoder_hidden_size
        # TODO(ptuning.3): create the layers of the kind asked for, refuse any other kind (about 9 lines)
        raise NotImplementedError("ptuning.3")

    def forward(self) -> Tensor:
        """The prompt, (V, d), in the dtype of the parameters; in training, gradients reach all of them."""
        # TODO(ptuning.3): send all V vectors through the network (about 4 lines)
        raise NotImplementedError("ptuning.3")

    def bake(self) -> Tensor:
        """The prompt as a new tensor (V, d) that needs no gradient: what is kept when training is over.

        Its values are those of `forward()` now; training on does not change it. The encoder's mode, weights, flags
        and gradients stay as they are. It can be baked again.
        """
        # TODO(ptuning.3): take the prompt out of the graph (about 1 line)
        raise NotImplementedError("ptuning.3")


# ------------------------------------------------------------------------------------------------ ptuning.4


@torch.no_grad()
def generate(
    model: PtuningModel, input_ids: Tensor, attention_mask: Tensor, max_new_tokens: int, eos_token_id: int | None = None
) -> Tensor:
    """Continue every text greedily and return the new tokens alone: (B, max_new_tokens), int64.

        model           a `PtuningModel`; its base, mode and gradients stay as they are
        input_ids       (B, T)  int64, unpadded or padded on the left
        attention_mask  (B, T)  as in `build_prompt_inputs`, but never None
        max_new_tokens  at least 1
        eos_token_id    this token ends its row: it is still returned, and every later position of the row holds
                        it too, while other rows go on. 0 is an id like any other. One in the text ends nothing.
                        None: no row ends early, whatever the base's config says.

    - A new token is the most likely one after prompt, text and the new tokens before it. A row gets the same tokens
      in a batch, padded or not, as alone. None of the caller's tensors is changed.
    - No graph is built, and the base's cache is used: prompt and text run through the base once, from then on a
      step costs one token per row.
    - V + T + max_new_tokens - 1 positions are enough, because the last new token is not fed back. If the base's
      `config.n_positions` is less, ValueError is raised before the base has run.

    Example: with eos_token_id 9 and max_new_tokens 4, a row that would go on 5, 9, 2, 3 yields 5, 9, 9, 9.
    """
    base, V = model.base_model, model.num_virtual_tokens
    B, T = input_ids.shape
    # TODO(ptuning.4): refuse what is too long, then prepare the inputs of the first step (about 4 lines)
    raise NotImplementedError("ptuning.4")
    # TODO(ptuning.4): each step, choose a token per row, end rows, prepare the next inputs (about 14 lines)
    raise NotImplementedError("ptuning.4")
