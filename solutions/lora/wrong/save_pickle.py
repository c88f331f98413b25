# Writes `adapter_model.bin` with torch.save, the old pickle format.
# fails: lora.5.peft_reads lora.5.reads_peft lora.5.rslora lora.5.files lora.5.strict lora.5.round_trip lora.5.dropout lora.5.merged lora.5.refuses
WEIGHTS_FILE = "adapter_model.bin"


def save_file(tensors, path):
    torch.save(tensors, path)


def load_file(path):
    return torch.load(path)
