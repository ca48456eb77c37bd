"""Lines that students have in their notebooks, as data: they work there, and cost nothing when graded.

Each is put above the imports cell's first line and above the first line of a solved exercise. `named`
is what the run must say of it, where it says something.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Habit:
    """One habit.

    Attributes:
        id: name.
        lines: source.
        named: part of what is said of it (an error of its cell, or a notice); "" if nothing must be.
        needs: a module without which it cannot be tried.
    """

    id: str
    lines: str
    named: str = ""
    needs: str = ""


def habit(id, lines, named="", needs=""):
    return Habit(id, lines, named, needs)


HABITS = [
    # magics and shell lines
    habit("autoreload", "%load_ext autoreload\n%autoreload 2", "%load_ext"),
    habit("tensorboard", "%load_ext tensorboard\n%tensorboard --logdir logs", "%tensorboard"),
    habit("tensorflow-version", "%tensorflow_version 2.x", "%tensorflow_version"),
    habit("inline", "%matplotlib inline"),
    habit("widget", "%matplotlib widget"),
    habit("retina", "%config InlineBackend.figure_format = 'retina'"),
    habit("pip-magic", "%pip install -q einops"),
    habit("pip-shell", "!pip install -q einops transformers"),
    habit("apt", "!apt-get install -y graphviz > /dev/null 2>&1"),
    habit("nvidia-smi", "!nvidia-smi"),
    habit("shell-output", "out = !nvidia-smi\nprint(out[0])"),
    habit("shell-version", "version = !python --version\nprint(version[0].split())"),
    habit("shell-block", "if True:\n    !wget -q https://example.org/data.zip\n    !unzip -q data.zip"),
    habit("cd", "%cd /content"),
    habit("env", "%env TF_CPP_MIN_LOG_LEVEL=3"),
    habit("timeit", "%timeit -n 1 -r 1 sum(range(10))"),
    habit("time-line", "%time started = 1"),
    habit("run-line-magic", "get_ipython().run_line_magic('load_ext', 'autoreload')", "%load_ext"),
    habit("system", "get_ipython().system('ls')"),
    habit("unknown-line-magic", "%nbdev_export", "%nbdev_export"),
    habit("reset-out", "%who\n%whos"),
    habit("pdb-on", "%pdb on"),
    # Colab
    habit("drive", "from google.colab import drive\ndrive.mount('/content/drive')"),
    habit("drive-as", "import google.colab.drive as gdrive\ngdrive.mount('/content/drive', force_remount=True)"),
    habit("files", "from google.colab import files\nuploaded = files.upload()\nfor name in uploaded: print(name)"),
    habit("uploaded", "from google.colab import files\nfirst = list(files.upload())[0]", "IndexError"),
    habit("userdata", "from google.colab import userdata\ntoken = userdata.get('HF_TOKEN')"),
    habit("output", "from google.colab import output\noutput.clear()\noutput.enable_custom_widget_manager()"),
    habit("auth", "from google.colab import auth\nauth.authenticate_user()"),
    habit("cv2", "from google.colab.patches import cv2_imshow"),
    habit("data-table", "from google.colab import data_table\ndata_table.enable_dataframe_formatter()"),
    habit("in-colab", "try:\n    import google.colab\n    IN_COLAB = True\nexcept ImportError:\n    IN_COLAB = False"),
    habit("in-colab-modules", "import sys\nIN_COLAB = 'google.colab' in sys.modules"),
    habit("content", "import os\nos.chdir('/content/drive/MyDrive')", "FileNotFoundError"),
    habit("read-upload", "weights = open('/content/my_weights.txt').read()", "FileNotFoundError"),
    # what is not installed here
    habit("seaborn", "import no_such_seaborn as sns\nsns.set_theme()", "no_such_seaborn is not installed"),
    habit("torch", "import no_such_torch, os", "no_such_torch is not installed"),
    habit("plotly", "import no_such_plotly.express as px\nfrom no_such_plotly import graph_objects as go", "no_such_plotly"),
    habit("wandb", "import no_such_wandb\nno_such_wandb.init(project='tp')", "no_such_wandb"),
    habit("pip-then-import", "!pip install -q no_such_einops\nfrom no_such_einops import rearrange", "no_such_einops"),
    habit("one-line", "import no_such_seaborn as sns; import os", "no_such_seaborn"),
    habit("tkagg", "import matplotlib\nmatplotlib.use('TkAgg')", "TkAgg"),
    habit("style", "import matplotlib.pyplot as plt\nplt.style.use('no-such-style')", "no-such-style"),
    # the machine
    habit("gpu-index", "import tensorflow as tf\ngpu = tf.config.list_physical_devices('GPU')[0]", "IndexError", "tensorflow"),
    habit("gpu-assert", "import tensorflow as tf\nassert tf.config.list_physical_devices('GPU'), 'no GPU'", "no GPU", "tensorflow"),
    habit("gpu-error", "import tensorflow as tf\nif not tf.config.list_physical_devices('GPU'):\n    raise SystemError('GPU device not found')", "GPU device not found", "tensorflow"),
    habit("gpu-growth", "import tensorflow as tf\nfor g in tf.config.list_physical_devices('GPU'):\n    tf.config.experimental.set_memory_growth(g, True)", "", "tensorflow"),
    habit("exit", "import sys\nif not hasattr(sys, 'no_such'): sys.exit('stop here')"),
    # settings of the whole process
    habit("mixed-precision", "import keras\nkeras.config.set_dtype_policy('mixed_float16')", "precision", "keras"),
    habit("mixed-global", "import tensorflow as tf\ntf.keras.mixed_precision.set_global_policy('mixed_bfloat16')", "precision", "tensorflow"),
    habit("float64", "import keras\nkeras.config.set_floatx('float64')", "float", "keras"),
    habit("run-eagerly", "import tensorflow as tf\ntf.config.run_functions_eagerly(True)", "run_functions_eagerly", "tensorflow"),
    habit("numpy-aliases", "import numpy as np\nnp.bool = bool\nnp.int = int\nnp.float = float", "NumPy"),
    habit("printing", "import numpy as np\nnp.set_printoptions(precision=2, suppress=True)", "prints"),
    habit("seterr", "import numpy as np\nnp.seterr(all='raise')", "seterr"),
    habit("warnings", "import warnings\nwarnings.simplefilter('error')", "warnings"),
    habit("no-warnings", "import warnings\nwarnings.filterwarnings('ignore')"),
    habit("seeds", "import random\nimport numpy as np\nrandom.seed(0)\nnp.random.seed(0)"),
    habit("folder", "import os\nos.makedirs('work', exist_ok=True)\nos.chdir('work')", "os.chdir"),
    habit("recursion", "import sys\nsys.setrecursionlimit(120)"),
    habit("numpy-mocked", "import numpy as np\nnp.allclose = lambda *a, **k: True", "NumPy"),
    habit("default-rng", "import numpy as np\nnp.random.default_rng = np.random.RandomState", "NumPy"),
    habit("json-patched", "import json\njson.dumps = lambda *a, **k: ''"),
    habit("builtin-deleted", "import builtins\ndel builtins.sorted"),
    habit("builtins-shadowed", "sum = 0\nlist = [1]\nstr = 'a'\nmax = 3"),
    habit("logging", "import logging\nlogging.disable(logging.CRITICAL)"),
    habit("environment", "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '-1'\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'"),
    # somebody has to type
    habit("breakpoint", "breakpoint()", "debugger"),
    habit("pdb", "import pdb\npdb.set_trace()", "debugger"),
    habit("ipdb", "from IPython.core.debugger import set_trace\nset_trace()", "debugger"),
    habit("input", "name = input('Your name? ')"),
    habit("menu", "while input('q to quit ') != 'q':\n    pass", "input()"),
    habit("number", "epochs = int(input('epochs? '))", "ValueError"),
    # files and displays
    habit("file", "open('notes.txt', 'w').write('1')\nassert open('notes.txt').read() == '1'"),
    habit("display", "from IPython.display import display, HTML, clear_output\ndisplay(HTML('<b>x</b>'))\nclear_output()"),
    habit("interactivity", "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = 'all'"),
    # newer Python, and mistakes that a notebook shows and goes on from
    habit("python-3.12", "fields = {'a': 1}\nprint(f\"{fields[\"a\"]}\")", ""),
    habit("name-error", "print(never_defined)", "never_defined"),
    habit("await", "import asyncio\nawait asyncio.sleep(0)"),
]  # fmt: skip

# Cells of their own; what they make is used by the next one.
CELLS = {
    "writefile": ("%%writefile habit_module.py\ndef three():\n    return 3", "import habit_module\nassert habit_module.three() == 3"),
    "run": ("%%writefile habit_script.py\nfour = 4", "%run habit_script.py\nassert four == 4"),
    "timed": ("%%time\nfive = 5", "assert five == 5"),
    "captured": ("%%capture printed\nsix = 6\nimport no_such_module\nseven = 7", "assert six + seven == 13"),
    "bash": ("%%bash\necho hello", "eight = 8"),
    "colab-shell": ("%%shell\npip list", "nine = 9"),
    "javascript": ("%%javascript\nalert(1)", "ten = 10"),
    "backend": ("import keras\nkeras.config.set_backend('jax')", "import keras\nassert keras.config.backend() == 'tensorflow'"),
    "unknown-cell-magic": ("%%wandb\neleven = 11", "assert eleven == 11"),
}  # fmt: skip
