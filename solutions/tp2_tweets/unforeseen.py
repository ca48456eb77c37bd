"""Mistakes that TP2 has no name for: they lose their points, keep the others, and get no false name."""

from __future__ import annotations

from lab import lab
from part3_drawing import GENERATE

# ------------------------------------------------------------------ 1 from text to numbers

lab.unforeseen(
    "most-frequent-first",
    "the characters come by frequency", "les caractères sont rangés par fréquence",
    edits=[('*sorted(set("".join(texts)) - {END})',
            '*sorted(set("".join(texts)) - {END}, key=lambda c: -"".join(texts).count(c))')],
    loses=["vocabulary.symbols"],
)  # fmt: skip
lab.unforeseen(
    "special-symbols-last",
    "the special symbols come last", "les symboles à part sont à la fin",
    edits=[('[PAD, UNKNOWN, END, *sorted(set("".join(texts)) - {END})]',
            '[*sorted(set("".join(texts)) - {END}), PAD, UNKNOWN, END]')],
    loses=["vocabulary.symbols"],
)  # fmt: skip
lab.unforeseen(
    "everything-in-lower-case",
    "capitals are lost", "les majuscules sont perdues",
    edits=[('set("".join(texts))', 'set("".join(texts).lower())')],
    loses=["vocabulary.symbols"],
)  # fmt: skip
lab.unforeseen(
    "numbers-from-one",
    "places are counted from 1", "les places sont comptées à partir de 1",
    edits=[("enumerate(vocabulary)", "enumerate(vocabulary, 1)")],
    loses=["encode.ids"],
)  # fmt: skip
lab.unforeseen(
    "numbers-with-a-point",
    "encode gives 3.0 where 3 is the place", "encode donne 3.0 là où 3 est la place",
    edits=[('text], dtype="int32"', 'text], dtype="float32"')],
    loses=["encode.ids"],
)  # fmt: skip
lab.unforeseen(
    "special-symbols-not-decoded",
    "decode leaves out END and UNKNOWN", "decode oublie END et UNKNOWN",
    edits=[("for i in ids)", "for i in ids if i > 2)")],
    loses=["encode.round_trip"],
)  # fmt: skip
lab.unforeseen(
    "spaces-between-characters",
    "decode puts spaces in between", "decode met des espaces entre les caractères",
    edits=[('"".join(vocabulary', '" ".join(vocabulary')],
    loses=["encode.round_trip"],
)  # fmt: skip
lab.unforeseen(
    "newest-first",
    "the texts go from newest to oldest", "les textes vont du plus récent au plus ancien",
    edits=[('np.argsort(dates, kind="stable")', 'np.argsort(dates, kind="stable")[::-1]')],
    loses=["split.newest"],
)  # fmt: skip
lab.unforeseen(
    "test-before-training",
    "the held-out texts come first", "les textes à part viennent en premier",
    edits=[("return in_order[: len(texts) - held_out], in_order[len(texts) - held_out :]",
            "return in_order[len(texts) - held_out :], in_order[: len(texts) - held_out]")],
    loses=["split.newest"],
)  # fmt: skip
lab.unforeseen(
    "windows-one-longer",
    "windows of L + 1 symbols are cut: the last of each is never read",
    "des fenêtres de L + 1 symboles sont coupées : le dernier de chacune n'est jamais lu",
    code="""
def make_windows(ids, length):
    n = len(ids) // (length + 1)
    whole = ids[: n * (length + 1)].reshape(n, length + 1)
    return whole[:, :-1], whole[:, 1:]
""",
    loses=["windows.shift", "windows.count"],
)  # fmt: skip
lab.unforeseen(
    "last-target-invented",
    "N // L windows are cut, and a last target is made up", "N // L fenêtres, et une dernière cible inventée",
    code="""
def make_windows(ids, length):
    n = len(ids) // length
    following = np.append(ids[1:], 0)
    return ids[: n * length].reshape(n, length), following[: n * length].reshape(n, length)
""",
    loses=["windows.count"],
)  # fmt: skip
lab.unforeseen(
    "windows-in-columns",
    "the windows stand in columns", "les fenêtres sont en colonnes",
    edits=[("return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)",
            "return ids[: n * length].reshape(length, n).T, ids[1 : n * length + 1].reshape(length, n).T")],
    loses=["windows.shift", "windows.count"],
)  # fmt: skip

# ------------------------------------------------------------------ 2 the model

lab.unforeseen(
    "characters-straight-into-the-lstm",
    "the LSTM is said to read V numbers, not E", "le LSTM lirait V nombres, pas E",
    edits=[("(embedding_size + units + 1)", "(vocab_size + units + 1)")],
    loses=["parameters.count"],
)  # fmt: skip
lab.unforeseen(
    "embedding-with-bias",
    "a bias is counted in the embedding", "un biais est compté dans le plongement",
    edits=[("vocab_size * embedding_size\n", "vocab_size * embedding_size + embedding_size\n")],
    loses=["parameters.count"],
)  # fmt: skip
lab.unforeseen(
    "gru-for-lstm",
    "a GRU stands where an LSTM is asked for", "un GRU au lieu du LSTM demandé",
    edits=[("keras.layers.LSTM(", "keras.layers.GRU(")],
    loses=["model.logits", "model.parameters"],
)  # fmt: skip
lab.unforeseen(
    "logarithms-of-probabilities",
    "log-probabilities come out, not scores", "ce sont des log-probabilités, pas des scores",
    edits=[('Dense(vocab_size, name="logits")', 'Dense(vocab_size, activation="log_softmax", name="logits")')],
    loses=["model.logits"],
)  # fmt: skip
lab.unforeseen(
    "scores-cut-at-zero",
    "a relu on the scores", "un relu sur les scores",
    edits=[('Dense(vocab_size, name="logits")', 'Dense(vocab_size, activation="relu", name="logits")')],
    loses=["model.logits"],
)  # fmt: skip
lab.unforeseen(
    "model-not-returned",
    "nothing is returned", "rien n'est rendu",
    edits=[("    return keras.Sequential(", "    made = keras.Sequential(")],
    loses=["model.logits", "model.parameters"],
)  # fmt: skip
lab.unforeseen(
    "decimal-digits",
    "the logarithm is decimal", "le logarithme est décimal",
    edits=[("math.log(2)", "math.log(10)")],
    loses=["bits.value", "bits.padding"],
)  # fmt: skip
lab.unforeseen(
    "perplexity-for-bits",
    "the perplexity comes back", "c'est la perplexité",
    edits=[("float(-log_p[real].mean() / math.log(2))", "float(np.exp(-log_p[real].mean()))")],
    loses=["bits.value", "bits.padding"],
)  # fmt: skip
lab.unforeseen(
    "median-for-mean",
    "the median is taken", "c'est la médiane",
    edits=[("log_p[real].mean()", "np.median(log_p[real])")],
    loses=["bits.value", "bits.padding"],
)  # fmt: skip
lab.unforeseen(
    "last-batch-dropped",
    "what fills no batch of 64 is left out", "ce qui ne remplit pas un lot de 64 est oublié",
    edits=[("    parts = ", "    ids = ids[: max(64, len(ids) // 64 * 64)]\n    parts = ")],
    loses=["bits.padding"],
)  # fmt: skip

# ------------------------------------------------------------------ 3 drawing

lab.unforeseen(
    "temperature-clipped-at-one",
    "temperatures above 1 count as 1", "une température au-dessus de 1 vaut 1",
    edits=[("(logits - logits.max()) / temperature", "(logits - logits.max()) / min(temperature, 1.0)")],
    loses=["temperature.values", "temperature.limits"],
)  # fmt: skip
lab.unforeseen(
    "temperature-squared",
    "the logits are divided by T²", "les logits sont divisés par T²",
    edits=[("(logits - logits.max()) / temperature", "(logits - logits.max()) / temperature**2")],
    loses=["temperature.values"],
)  # fmt: skip
lab.unforeseen(
    "infinity-not-thought-of",
    "T = +∞ is refused", "T = +∞ est refusé",
    edits=[("if not temperature >= 0:", "if not 0 <= temperature < np.inf:")],
    loses=["temperature.limits"],
)  # fmt: skip
lab.unforeseen(
    "assertion-on-temperature",
    "an assertion stands where a ValueError is promised", "une assertion au lieu de la ValueError promise",
    edits=[('        raise ValueError(f"temperature {temperature}: 0 or more is needed")',
            "        assert temperature >= 0")],
    loses=["temperature.limits"],
)  # fmt: skip
lab.unforeseen(
    "best-symbol-for-zero",
    "at T = 0 the number of the best symbol comes back", "à T = 0, c'est le numéro du meilleur symbole",
    edits=[("        best = logits == logits.max()\n        return best / best.sum()", "        return np.argmax(logits)")],
    loses=["temperature.limits"],
)  # fmt: skip
lab.unforeseen(
    "zero-beta-refused",
    "β = 0 is refused", "β = 0 est refusé",
    edits=[("if not beta >= 0:", "if not beta > 0:")],
    loses=["beta.values"],
)  # fmt: skip
lab.unforeseen(
    "beta-after-the-exponential",
    "β multiplies the exponentials, and goes out of the quotient", "β multiplie les exponentielles, et disparaît du quotient",
    edits=[("np.exp(beta * (logits - logits.max()))", "max(beta, 1e-9) * np.exp(logits - logits.max())")],
    loses=["beta.values"],
)  # fmt: skip
lab.unforeseen(
    "gumbel-on-probabilities",
    "Gumbel's noise is added to probabilities, not to logits", "le bruit de Gumbel est ajouté aux probabilités, pas aux logits",
    edits=[("int(rng.choice(len(p), p=p / p.sum()))", "int(np.argmax(p + rng.gumbel(size=len(p))))")],
    loses=["sample.distribution", "sample.cold"],
)  # fmt: skip
lab.unforeseen(
    "draw-in-a-list",
    "a list of one symbol comes back", "c'est une liste d'un symbole",
    edits=[("int(rng.choice(len(p), p=p / p.sum()))", "[int(rng.choice(len(p), p=p / p.sum()))]")],
    loses=["sample.distribution"],
)  # fmt: skip
lab.unforeseen(
    "first-above-a-draw",
    "the first symbol more probable than a draw is taken", "le premier symbole plus probable qu'un tirage est pris",
    edits=[("int(rng.choice(len(p), p=p / p.sum()))", "int(np.argmax(p > rng.random()))")],
    loses=["sample.distribution"],
)  # fmt: skip
lab.unforeseen(
    "best-two-only",
    "only the two most probable symbols are ever drawn", "seuls les deux symboles les plus probables sont tirés",
    edits=[("    return int(rng.choice(len(p), p=p / p.sum()))",
            "    p[np.argsort(p)[:-2]] = 0\n    return int(rng.choice(len(p), p=p / p.sum()))")],
    loses=["sample.distribution"],
)  # fmt: skip
lab.unforeseen(
    "limit-left-out",
    "the k-th symbol is left out", "le k-ième symbole est exclu",
    edits=[("[k:]] = 0.0", "[k - 1 :]] = 0.0")],
    loses=["top_k.values"],
)  # fmt: skip
lab.unforeseen(
    "shorter-vector",
    "only the k probabilities come back", "seules les k probabilités reviennent",
    edits=[("    p[np.argsort(-p)[k:]] = 0.0\n", "    p = np.sort(p)[::-1][:k]\n")],
    loses=["top_k.values", "top_k.limits"],
)  # fmt: skip
lab.unforeseen(
    "k-beyond-v-refused",
    "k above V is refused", "k au-delà de V est refusé",
    edits=[("if k < 1:", "if not 1 <= k <= len(logits):")],
    loses=["top_k.limits"],
)  # fmt: skip
lab.unforeseen(
    "spread-over-the-kept",
    "the k symbols all get 1/k", "les k symboles reçoivent tous 1/k",
    edits=[("    return p / p.sum()", "    return (p > 0) / (p > 0).sum()")],
    exercise="top_k",
    loses=["top_k.values", "top_k.limits"],
)  # fmt: skip
lab.unforeseen(
    "prompt-counted-in-length",
    "the prompt counts in `length`", "l'amorce compte dans `length`",
    code=GENERATE.replace("range(length)", "range(length - len(prompt))"),
    loses=["generate.text", "generate.fresh"],
)  # fmt: skip
lab.unforeseen(
    "prompt-read-backwards",
    "the prompt is read from its end", "l'amorce est lue depuis la fin",
    code=GENERATE.replace("for character in prompt:", "for character in prompt[::-1]:"),
    loses=["generate.text", "generate.fresh"],
)  # fmt: skip
lab.unforeseen(
    "numbers-instead-of-text",
    "numbers come back, not text", "ce sont des nombres, pas du texte",
    edits=[("return prompt + decode(added, vocabulary)", "return added")],
    loses=["generate.text", "generate.fresh", "generate.seed", "generate.distribution"],
)  # fmt: skip
lab.unforeseen(
    "end-put-after-the-prompt",
    "END is read after the prompt too", "END est lu aussi après l'amorce",
    edits=[("[END_ID, *encode(prompt, vocabulary)]", "[END_ID, *encode(prompt, vocabulary), END_ID]")],
    loses=["generate.text", "generate.fresh"],
)  # fmt: skip
lab.unforeseen(
    "top-p-strictly-below",
    "symbols are kept while their sum is at most 1 − p", "les symboles sont gardés tant que leur somme vaut au plus 1 − p",
    edits=[("before >= p", "before >= 1 - p")],
    loses=["top_p.values", "top_p.limits"],
)  # fmt: skip
