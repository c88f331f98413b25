# Saves the base's tensors along with A and B.
# fails: lora.5.peft_reads lora.5.files lora.5.round_trip lora.5.merged


def save_adapter(model, directory, inner=save_adapter):
    inner(model, directory)
    everything = {f"base_model.model.{name}": p.detach() for name, p in model.named_parameters()}
    save_file({**everything, **adapter_state(model)}, Path(directory) / WEIGHTS_FILE)
