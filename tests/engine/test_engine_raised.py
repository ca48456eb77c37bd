"""What students read of an exception: as Keras and TensorFlow raise it, and as it is told."""

from __future__ import annotations

import pytest

from grader.check.raised import MAX_LINES, clean, error_record, said_of

NODE = "{{function_node __wrapped____MklMatMul_device_/job:localhost/replica:0/device:CPU:0}} "


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (
            f"Exception encountered when calling L.call().\n\n\x1b[1m{NODE}Matrix size-incompatible: "
            "In[0]: [2,3], In[1]: [7,2] [Op:MatMul] name: \x1b[0m\n\nArguments received by L.call():\n"
            "  • x=tf.Tensor(shape=(2, 3), dtype=float32)\n  • mask=None",
            "Matrix size-incompatible: In[0]: [2,3], In[1]: [7,2]",
        ),
        (
            'in user code:\n\n    File "x.py", line 12, in None  *\n        f(x)\n\n    ValueError: '
            "Dimensions must be equal, but are 4 and 3 for '{{node matmul}} = MatMul[T=DT_FLOAT]"
            "(Reshape, ones)' with input shapes: [4,4], [3,3].\n",
            "Dimensions must be equal, but are 4 and 3 with input shapes: [4,4], [3,3].",
        ),
        ("indices[0] = 5 is not in [0, 3) [Op:GatherV2]", "indices[0] = 5 is not in [0, 3)"),
        ("my own message, 100 % [of it]", "my own message, 100 % [of it]"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_libraries_add_is_not_told(raised: str, told: str) -> None:
    assert clean(raised) == told


def test_a_message_has_few_lines() -> None:
    told = clean("\n".join(str(i) for i in range(40))).splitlines()
    assert len(told) == MAX_LINES and told[-1] == "…"


def test_errors_in_words() -> None:
    def said(error: BaseException) -> str:
        return said_of(error_record(error)).en

    assert said(ModuleNotFoundError("No module named 'seaborn.x'")).startswith("seaborn is not")
    assert said(ValueError("{x} is odd")) == "raised ValueError: (x) is odd"
    with pytest.raises(SyntaxError) as caught:
        compile("x = (1,\ny = 2", "<cell>", "exec")
    record = error_record(caught.value)
    assert "<cell>" not in record["message"] and record["line"]
