"""What a worker says of an exception."""

import pytest

from grader.worker.loading import describe


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/scratch/tmpk3_x9za1/adapter/adapter_model.bin", "/scratch/tmp*/adapter/adapter_model.bin"),
        ("/tmp/grader-ab12cd_9/tmpk3_x9za1", "/tmp/grader-*/tmp*"),
        ("/scratch/tmpfile/template.json", "/scratch/tmpfile/template.json"),
    ],
)
def test_two_runs_tell_the_same_of_a_file_in_a_folder_with_a_random_name(path, told):
    error = FileNotFoundError(2, "No such file or directory", path)
    assert describe(error, "lora.py")["message"] == f"[Errno 2] No such file or directory: '{told}'"
