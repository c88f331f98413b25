"""finetune-grader: an engine that grades exercises on adapting language models."""

__version__ = "0.1.0"
