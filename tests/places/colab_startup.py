"""What Colab's kernel has and others lack: its module, the notebook's JSON on request, a download
dialogue. IPython runs this file at start-up; ``ON_SCREEN`` (environment) is the notebook's path."""

import json
import os
import sys
import types

colab, message, files = (types.ModuleType("google.colab" + x) for x in ("", "._message", ".files"))


def blocking_request(kind, request="", timeout_sec=None):
    assert kind == "get_ipynb"
    with open(os.environ["ON_SCREEN"], encoding="utf-8") as file:
        return {"ipynb": json.load(file)}


message.blocking_request = blocking_request
files.download = lambda path: print("offered", os.path.basename(path))
for module in (colab, message, files):
    sys.modules[module.__name__] = module
