"""3.1 to 3.5 of TP2: from scores to probabilities, from probabilities to text."""

from __future__ import annotations

import greedy
import numpy as np
from lab import lab, network, network_weights, softmax, some_text, spread, symbols

from grader.authoring import Distribution, Draw, Student, numpy_array, rng

SAME, OTHER = {"before": False, "after": False}, {"before": False, "after": True}

# ------------------------------------------------------------------ 3.1 temperature

temperature = lab.exercise(
    "temperature", "3.1", "Temperature", "Température", "temperature_probabilities"
)


@temperature.check(
    "values", 0.75, "values", "valeurs",
    asked=("softmax(z / T), T below and above 1", "softmax(z / T), T au-dessous et au-dessus de 1"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    n = int(draw.rng.integers(7, 12))
    z = numpy_array(draw.normal(n, scale=1.5))
    cold, hot = 0.3 + 0.4 * float(draw.rng.random()), 1.6 + float(draw.rng.random())
    at = student.temperature_probabilities
    return student.probe(out=at(z, cold), hot=at(z, hot), one=at(z, 1))


@temperature.check(
    "limits", 0.5, "limits and bad input", "limites et entrées fausses",
    asked=("T = 0 takes the best, T = +∞ is uniform, logits of ±1000 pass, negative and NaN are refused",
           "T = 0 prend le meilleur, T = +∞ est uniforme, des logits de ±1000 passent, négatif et NaN sont refusés"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z = draw.normal(int(draw.rng.integers(6, 10)), scale=2)
    at = student.temperature_probabilities
    return student.probe(
        zero=at(numpy_array(z), 0),
        infinite=at(numpy_array(z), float("inf")),
        large=at(numpy_array(400 * z), 0.7),
        negative=at.raises(ValueError, numpy_array(z), -0.5),
        nan=at.raises(ValueError, numpy_array(z), float("nan")),
    ), {"negative": True, "nan": True}


SOFTMAX = """
def temperature_probabilities(logits, temperature):
    if temperature < 0 or temperature != temperature:
        raise ValueError("temperature")
    z = np.array(logits, dtype=float)
    if temperature == 0:
        out = np.zeros_like(z)
        out[z.argmax()] = 1
        return out
    {body}
"""


def at_temperature(body: str) -> str:
    """The limits are right, the rest is `body`."""
    return SOFTMAX.format(body=body.strip().replace("\n", "\n    "))


temperature.slip(
    "temperature-multiplied",
    "the logits are multiplied by T: that is β",
    "les logits sont multipliés par T : c'est β",
    ("(logits - logits.max()) / temperature",
     "(logits - logits.max()) * temperature if temperature < np.inf else 0 * logits"),
    hint=("does a higher T give more variety?", "une T plus haute donne-t-elle plus de variété ?"),
    loses=["values"],
    mutant=at_temperature("""
if temperature == float("inf"):
    return np.full(len(z), 1 / len(z))
e = np.exp(temperature * z - (temperature * z).max())
return e / e.sum()
"""),
)  # fmt: skip
temperature.slip(
    "temperature-on-probabilities-no-log",
    "the probabilities were divided by T and put through a softmax again, without their logarithm",
    "les probabilités sont divisées par T puis repassées dans une softmax, sans logarithme",
    ("z = (logits - logits.max()) / temperature",
     "z = np.exp(logits - logits.max())\n    z = z / z.sum() / temperature"),
    hint=("T divides logits", "T divise des logits"),
    loses=["values", "limits"],
    mutant=at_temperature("""
p = tf.nn.softmax(z).numpy()
return tf.nn.softmax(p / temperature).numpy()
"""),
)  # fmt: skip
temperature.slip(
    "temperature-after-softmax-not-renormalised",
    "probabilities raised to 1/T no longer sum to 1",
    "des probabilités élevées à 1/T n'ont plus une somme de 1",
    ("z = (logits - logits.max()) / temperature\n    p = np.exp(z)\n    return p / p.sum()",
     "p = np.exp(logits - logits.max())\n    return (p / p.sum()) ** (1 / temperature)"),
    loses=["values", "limits"],
    mutant=at_temperature("""
p = tf.nn.softmax(z).numpy()
return np.power(p, 1.0 / temperature)
"""),
)  # fmt: skip
temperature.slip(
    "probabilities-divided",
    "the probabilities were divided by T: they no longer sum to 1",
    "les probabilités sont divisées par T : leur somme n'est plus 1",
    ("/ temperature\n    p = np.exp(z)\n    return p / p.sum()",
     "\n    p = np.exp(z)\n    return p / p.sum() / temperature"),
    loses=["values", "limits"],
    mutant=at_temperature("return tf.nn.softmax(z).numpy() / temperature"),
)  # fmt: skip
temperature.slip(
    "temperature-ignored",
    "T changes nothing",
    "T ne change rien",
    ("(logits - logits.max()) / temperature", "logits - logits.max()"),
    loses=["values", "limits"],
    mutant=at_temperature("return tf.nn.softmax(z).numpy()"),
)
temperature.slip(
    "zero-temperature-divides",
    "T = 0 is divided by: NaN",
    "division par T = 0 : NaN",
    ("    if temperature == 0:\n        best = logits == logits.max()\n        return best / best.sum()\n",
     ""),
    ("z = (logits", 'with np.errstate(all="ignore"):\n        z = (logits'),
    hint=("T = 0 is a limit of its own: 1 on the best symbol",
          "T = 0 est une limite à part : 1 sur le meilleur symbole"),
    loses=["limits"],
    mutant="""
def temperature_probabilities(logits, temperature):
    if math.isnan(temperature) or temperature < 0:
        raise ValueError("temperature")
    z = np.float64(logits)
    with np.errstate(all="ignore"):
        return tf.nn.softmax((z - np.max(z)) / np.float64(temperature)).numpy()
""",
)  # fmt: skip
temperature.slip(
    "bad-temperature-accepted",
    "a negative or NaN temperature is not refused",
    "une température négative ou NaN n'est pas refusée",
    ("if not temperature >= 0:", "if False:"),
    loses=["limits"],
    mutant=[
        ('        raise ValueError(f"temperature {temperature}: 0 or more is needed")',
         "        pass"),
    ],
)  # fmt: skip
temperature.slip(
    "nan-temperature-accepted",
    "a NaN temperature is not refused: every comparison with NaN is False",
    "une température NaN n'est pas refusée : toute comparaison avec NaN est fausse",
    ("if not temperature >= 0:", "if temperature < 0:"),
    loses=["limits"],
    mutant=[("if not temperature >= 0:", "if -temperature > 0:")],
)
temperature.slip(
    "exp-overflow",
    "the exponential overflows with large logits",
    "l'exponentielle déborde avec de grands logits",
    ("z = (logits - logits.max()) / temperature\n    p = np.exp(z)",
     'with np.errstate(all="ignore"):\n        p = np.exp(logits / temperature)'),
    ("return p / p.sum()", 'with np.errstate(all="ignore"):\n        return p / p.sum()'),
    hint=("take the maximum off first", "retirez d'abord le maximum"),
    loses=["limits"],
    mutant=at_temperature("""
with np.errstate(all="ignore"):
    e = math.e ** (z / temperature)
    return e / np.sum(e)
"""),
)  # fmt: skip

# ------------------------------------------------------------------ 3.2 inverse temperature

beta = lab.exercise(
    "beta", "3.2", "Inverse temperature", "Température inverse", "beta_probabilities"
)


@beta.check(
    "values", 0.75, "values", "valeurs",
    asked=("softmax(β·z): a larger β is less varied; β = 0 is uniform; negative and NaN are refused",
           "softmax(β·z) : β plus grand, moins de variété ; β = 0 uniforme ; négatif et NaN refusés"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z = numpy_array(draw.normal(int(draw.rng.integers(7, 12)), scale=1.5))
    at = student.beta_probabilities
    return student.probe(
        out=at(z, 0.4 + 0.3 * float(draw.rng.random())),
        large=at(z, 2.5),
        zero=at(z, 0),
        negative=at.raises(ValueError, z, -1.0),
        nan=at.raises(ValueError, z, float("nan")),
    ), {"negative": True, "nan": True}


beta.slip(
    "beta-divides",
    "the logits are divided by β: that is T",
    "les logits sont divisés par β : c'est T",
    ("np.exp(beta * (logits - logits.max()))",
     "np.exp((logits - logits.max()) / max(beta, 1e-300))"),
    hint=("β = 1/T multiplies", "β = 1/T multiplie"),
    loses=["values"],
    mutant="""
def beta_probabilities(logits, beta):
    if not beta >= 0:
        raise ValueError("beta")
    return temperature_probabilities(logits, beta)
""",
)  # fmt: skip
beta.slip(
    "literal-power",
    "β was read as an exponent of the logits: a negative logit gives NaN",
    "β est lu comme exposant des logits : un logit négatif donne NaN",
    ("p = np.exp(beta * (logits - logits.max()))",
     'with np.errstate(all="ignore"):\n        p = np.exp(logits**beta)'),
    hint=("β multiplies the logits", "β multiplie les logits"),
    loses=["values"],
    mutant="""
def beta_probabilities(logits, beta):
    if not beta >= 0:
        raise ValueError("beta")
    z = np.float64(logits)
    with np.errstate(all="ignore"):
        e = np.exp(np.power(z, beta))
    return e / e.sum()
""",
)  # fmt: skip
beta.slip(
    "bad-beta-accepted",
    "a negative or NaN β is not refused",
    "un β négatif ou NaN n'est pas refusé",
    ("if not beta >= 0:", "if False:"),
    loses=["values"],
    mutant=[
        ('        raise ValueError(f"beta {beta}: 0 or more is needed")', "        beta = beta"),
    ],
)  # fmt: skip
beta.slip(
    "nan-beta-accepted",
    "a NaN β is not refused: every comparison with NaN is False",
    "un β NaN n'est pas refusé : toute comparaison avec NaN est fausse",
    ("if not beta >= 0:", "if beta < 0:"),
    loses=["values"],
    mutant=[("if not beta >= 0:", "if 0 > beta:")],
)

# ------------------------------------------------------------------ 3.3 draw a symbol

sample = lab.exercise(
    "sample", "3.3", "Draw a symbol", "Tirer un symbole", "sample_next",
    forbids=["keras_hub.samplers.RandomSampler", "keras_hub.samplers.TopKSampler"],
)  # fmt: skip


@sample.check(
    "distribution", 0.75, "distribution of the draws", "distribution des tirages",
    asked=("600 draws follow softmax(z / T)", "600 tirages suivent softmax(z / T)"),
    expect={"out": Distribution(7), "cold": Distribution(7)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    z, seed = spread(draw, 7), int(draw.rng.integers(2**31))
    return student.probe(
        out=student.sample_next.sample(numpy_array(z), 1.0, rng(seed), n=600),
        cold=student.sample_next.sample(numpy_array(z), 0.5, rng(seed + 1), n=600),
    ), {"out": softmax(z), "cold": softmax(2 * z)}


@sample.check(
    "cold", 0.25, "almost cold", "presque à froid",
    asked=("T = 0.01: always the most probable", "T = 0,01 : toujours le plus probable"),
    expect={"out": Distribution(7)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    z, seed = spread(draw, 7), int(draw.rng.integers(2**31))
    drawn = student.sample_next.sample(numpy_array(z), 0.01, rng(seed), n=30)
    return drawn, {"out": np.eye(7)[int(np.argmax(z))]}


@sample.check(
    "chance", 0.25, "chance comes from rng", "le hasard vient de rng",
    asked=("a generator in the same state gives the same draws, in another state others",
           "un générateur dans le même état donne les mêmes tirages, dans un autre état d'autres"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z, seed = numpy_array(spread(draw, 7)), int(draw.rng.integers(2**31))
    first, again, other = (
        student.sample_next.sample(z, 1.0, rng(s), n=60) for s in (seed, seed, seed + 1)
    )
    return student.probe(
        same_state=first.change(again, at=0, axis=0), other_state=first.change(other, at=0, axis=0)
    ), {"same_state": SAME, "other_state": OTHER}


sample.slip(
    "same-draw-each-time",
    "the draw is always the same: nothing comes from rng",
    "le tirage est toujours le même : rien ne vient de rng",
    ("rng.choice(", "np.random.default_rng(0).choice("),
    hint=("rng is given; each draw takes it one step further",
          "rng est donné ; chaque tirage le fait avancer"),
    loses=["distribution", "chance", "generate.seed"],
    mutant="""
def sample_next(logits, temperature, rng):
    p = temperature_probabilities(logits, temperature)
    rng = np.random.default_rng(0)
    return int(rng.choice(np.arange(p.size), p=p))
""",
)  # fmt: skip
sample.slip(
    "argmax-not-sample",
    "the most probable symbol is taken, nothing is drawn",
    "le symbole le plus probable est pris, rien n'est tiré",
    ("int(rng.choice(len(p), p=p / p.sum()))", "int(np.argmax(p))"),
    hint=("a symbol of probability 0.2 must come one time in five",
          "un symbole de probabilité 0,2 doit sortir une fois sur cinq"),
    loses=["distribution", "chance", "generate.seed"],
    mutant="""def sample_next(logits, temperature, rng):
    return int(max(range(len(logits)), key=lambda i: float(logits[i])))
""",
)  # fmt: skip
sample.slip(
    "uniform-draw",
    "all symbols are drawn with the same probability",
    "tous les symboles sont tirés avec la même probabilité",
    ("rng.choice(len(p), p=p / p.sum())", "rng.choice(len(p))"),
    loses=["distribution", "cold"],
    mutant="""def sample_next(logits, temperature, rng):
    return int(rng.integers(0, len(logits)))
""",
)
sample.slip(
    "draws-without-temperature",
    "the draw does not use the temperature",
    "le tirage n'utilise pas la température",
    ("temperature_probabilities(logits, temperature)", "temperature_probabilities(logits, 1.0)"),
    loses=["distribution", "cold", "generate.text", "generate.fresh"],
    mutant="""
def sample_next(logits, temperature, rng):
    return int(np.argmax(np.float64(logits) + rng.gumbel(size=len(logits))))
""",
)
sample.slip(
    "rng-ignored",
    "the draws do not come from rng: nothing can be reproduced",
    "les tirages ne viennent pas de rng : rien ne se reproduit",
    ("rng.choice(", "np.random.default_rng().choice("),
    hint=("rng.choice, not np.random.choice", "rng.choice, pas np.random.choice"),
    loses=["chance"],
    mutant="""
def sample_next(logits, temperature, rng):
    p = temperature_probabilities(logits, temperature)
    return int(np.random.multinomial(1, p / p.sum()).argmax())
""",
)

# ------------------------------------------------------------------ 3.4 top-k

top_k = lab.exercise(
    "top_k", "3.4", "Top-k", "Top-k", "top_k_probabilities",
    forbids=["keras_hub.samplers.TopKSampler"],
)  # fmt: skip


@top_k.check(
    "values", 0.75, "values", "valeurs",
    asked=("k probabilities, made to sum to 1 again", "k probabilités, ramenées à une somme de 1"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z, k = spread(draw, int(draw.rng.integers(9, 13))), int(draw.rng.integers(3, 6))
    best = student.top_k_probabilities
    return student.probe(out=best(numpy_array(z), k), one=best(numpy_array(z), 1))


@top_k.check(
    "limits", 0.25, "k out of range", "k hors limites",
    asked=("k above V counts as V; k below 1 is refused",
           "k au-delà de V vaut V ; k sous 1 est refusé"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z = numpy_array(spread(draw, 8))
    best = student.top_k_probabilities
    return student.probe(
        all=best(z, 500),
        none=best.raises(ValueError, z, 0),
        negative=best.raises(ValueError, z, -2),
    ), {"none": True, "negative": True}


top_k.slip(
    "top-k-without-renormalisation",
    "the k probabilities do not sum to 1",
    "la somme des k probabilités n'est pas 1",
    ("return p / p.sum()", "return p"),
    loses=["values"],
    mutant="""
def top_k_probabilities(logits, k):
    if k < 1:
        raise ValueError("k")
    p = tf.nn.softmax(np.float64(logits)).numpy()
    return np.where(p >= np.sort(p)[-min(k, len(p))], p, 0)
""",
)
top_k.slip(
    "bottom-k",
    "the k least probable symbols were kept",
    "ce sont les k symboles les moins probables qui sont gardés",
    ("np.argsort(-p)", "np.argsort(p)"),
    loses=["values"],
    mutant=[("p[np.argsort(-p)[k:]] = 0.0", "p[np.argsort(p)[k:]] = 0.0")],
)
top_k.slip(
    "k-plus-one",
    "k + 1 symbols were kept",
    "k + 1 symboles sont gardés",
    ("[k:]", "[k + 1 :]"),
    loses=["values"],
    mutant=[("np.argsort(-p)[k:]", "np.argsort(p)[::-1][k + 1:]")],
)
top_k.slip(
    "dropped-logits-to-zero",
    "the other logits were set to 0, which is a score like any other",
    "les autres logits sont mis à 0, qui est un score comme un autre",
    ("p = temperature_probabilities(logits, 1.0)\n    p[np.argsort(-p)[k:]] = 0.0\n    return p / p.sum()",
     "z = np.array(logits)\n    z[np.argsort(-z)[k:]] = 0.0\n    return temperature_probabilities(z, 1.0)"),
    hint=("which logit has probability 0?", "quel logit a une probabilité nulle ?"),
    loses=["values"],
    mutant="""
def top_k_probabilities(logits, k):
    if k < 1:
        raise ValueError("k")
    limit = np.sort(logits)[-min(k, len(logits))]
    return tf.nn.softmax(np.float64(logits) * (np.asarray(logits) >= limit)).numpy()
""",
)  # fmt: skip
top_k.slip(
    "bad-k-accepted",
    "k below 1 is not refused",
    "un k inférieur à 1 n'est pas refusé",
    ('    if k < 1:\n        raise ValueError(f"k = {k}: at least 1 is needed")\n', ""),
    ("return p / p.sum()", "return p / max(p.sum(), 1e-300)"),
    loses=["limits"],
    mutant=[
        ('    if k < 1:\n        raise ValueError(f"k = {k}: at least 1 is needed")\n',
         "    k = int(k)\n"),
        ("return p / p.sum()", "total = p.sum()\n    return p / total if total else p"),
    ],
)  # fmt: skip

# ------------------------------------------------------------------ 3.5 generate

generate = lab.exercise("generate", "3.5", "Generate", "Générer", "generate")

COLD = 0.04  # with logits at least `CLEAR` apart, another text than the greedy one never comes
CLEAR, LEAD = 1.0, 1.5


def weights_that_remember(
    draw: Draw, prompts: int, length: int, unseen: str = ""
) -> tuple[list[str], dict[str, np.ndarray], list[str]]:
    """A model that knows by heart what follows each prompt; any usual mistake writes something else.

    Returns:
        (vocabulary, the model's weights, prompts of 2 to 6 characters; `unseen`, not in the
        vocabulary, begins and ends the last). What follows the first prompt holds END in its first
        half; something is known to follow the empty prompt too.
    """
    known = symbols(draw, 9)
    vocab, embedding = len(known), int(draw.rng.integers(5, 9))
    units = (prompts + 1) * length + int(draw.rng.integers(3, 8))
    while True:
        weights = network_weights(draw, vocab, embedding, units)
        weights["lstm/bias"][units : 2 * units] = 2.0  # forget little
        texts = [some_text(draw, known[3:], n) for n in draw.sizes(prompts, 2, 6)]
        texts[-1] = unseen[:1] + texts[-1] + unseen[1:]
        ids = [[known.index(c) if c in known else 1 for c in text] for text in (*texts, "")]
        follow = draw.integers(3, vocab, prompts + 1, length)
        follow[0, int(draw.rng.integers(1, length // 2))] = greedy.END_ID
        greedy.learn(
            weights,
            [([greedy.END_ID, *i], t) for i, t in zip(ids, follow.tolist(), strict=True)],
            LEAD,
        )
        found = [greedy.write(weights, [greedy.END_ID, *i], length) for i in ids]
        sure = all(
            w.gap >= CLEAR and w.text == tuple(t)
            for w, t in zip(found, follow.tolist(), strict=True)
        )
        if sure and not any(
            right.text in greedy.mistaken(weights, i, length, before.state)
            for i, right in zip(ids[:-1], found, strict=False)
            for before in found
        ):
            return known, weights, texts


@generate.check(
    "text", 0.75, "symbol by symbol", "symbole par symbole",
    asked=("almost cold: prompt, then each symbol drawn and fed back; empty prompt, unknown characters, length 0",
           "presque à froid : l'amorce, puis chaque symbole tiré et redonné ; amorce vide, inconnus, longueur 0"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    known, weights, (prompt, unseen) = weights_that_remember(draw, 2, 7, "é漢")
    model = network(student, weights)
    return student.probe(
        out=student.generate(model, prompt, 7, COLD, 1, known),
        empty=student.generate(model, "", 6, COLD, 1, known),
        unseen=student.generate(model, unseen, 5, COLD, 1, known),
        nothing=student.generate(model, prompt, 0, COLD, 1, known),
    )


@generate.check(
    "fresh", 0.5, "a blank state each time", "un état vide à chaque fois",
    asked=("a call gives the same text after another call",
           "un appel donne le même texte après un autre appel"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    known, weights, (first, other) = weights_that_remember(draw, 2, 7)
    model = network(student, weights)
    student.generate(model, other, 7, COLD, 1, known)
    return student.generate(model, first, 7, COLD, 1, known)


@generate.check(
    "seed", 0.25, "the seed decides", "la graine décide",
    asked=("same seed, same text; another seed, another text",
           "même graine, même texte ; autre graine, autre texte"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    known, weights, (prompt,) = weights_that_remember(draw, 1, 6)
    weights["logits/bias"][
        greedy.END_ID
    ] = -60.0  # never drawn: 25 symbols even if END stops the text
    seed = int(draw.rng.integers(1000))
    model = network(student, weights)
    twin = network(student, weights)  # what one call leaves, another does not find
    texts = [
        student.generate(m, prompt, 25, 3.0, s, known)
        for m, s in ((model, seed), (twin, seed), (model, seed + 7))
    ]
    first, again, other = (student.encode(text, known) for text in texts)
    return student.probe(
        same_seed=first.change(again, at=0, axis=0), other_seed=first.change(other, at=0, axis=0)
    ), {"same_seed": SAME, "other_seed": OTHER}


@generate.check(
    "distribution", 0.5, "distribution of the text", "distribution du texte",
    asked=("150 symbols of a model without memory follow softmax(z / T)",
           "150 symboles d'un modèle sans mémoire suivent softmax(z / T)"),
    expect={"ids": Distribution(10)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    known = symbols(draw, 7)
    scores = np.full(10, -40.0, dtype=np.float32)
    scores[3:] = spread(draw, 7)
    e, u = draw.sizes(2, 3, 7)
    weights = network_weights(draw, 10, e, u)
    weights["logits/kernel"] = np.zeros((u, 10), dtype=np.float32)
    weights["logits/bias"] = scores
    model = network(student, weights)
    text = student.generate(model, "", 150, 0.5, int(draw.rng.integers(1000)), known)
    return student.probe(ids=student.encode(text, known)), {"ids": softmax(scores / 0.5)}


GENERATE = """
def generate(model, prompt, length, temperature, seed, vocabulary):
    rng = np.random.default_rng(seed)
    step = stepper(model)
    state = None
    logits, state = step(END_ID, state)
    for character in prompt:
        logits, state = step(int(encode(character, vocabulary)[0]), state)
    text = prompt
    for _ in range(length):
        new = sample_next(logits, temperature, rng)
        text += decode([new], vocabulary)
        logits, state = step(new, state)
    return text
"""

generate.slip(
    "state-not-reset",
    "the state of the call before was kept",
    "l'état de l'appel précédent a été gardé",
    ("step, state = stepper(model), None", "step, state = stepper(model), KEPT.get(id(model))"),
    ("    return prompt + decode(added, vocabulary)",
     "    KEPT[id(model)] = state\n    return prompt + decode(added, vocabulary)\n\n\nKEPT = {}"),
    hint=("each text begins with a blank state", "chaque texte commence par un état vide"),
    loses=["text", "fresh"],
    mutant=GENERATE.replace(
        "    state = None\n",
        "    state = getattr(generate, 'states', {}).get(id(model))\n",
    ).replace("    return text", "    generate.states = {id(model): state}\n    return text"),
)  # fmt: skip
generate.slip(
    "state-not-carried",
    "the state is lost at each step: only the last symbol counts",
    "l'état est perdu à chaque pas : seul le dernier symbole compte",
    ("        logits, state = step(symbol, state)\n    added",
     "        logits, state = step(symbol, None)\n    added"),
    ("        logits, state = step(symbol, state)\n    return",
     "        logits, state = step(symbol, None)\n    return"),
    loses=["text", "fresh"],
    mutant=GENERATE.replace("vocabulary)[0]), state)", "vocabulary)[0]), None)").replace(
        "step(new, state)",
        "step(new, None)",
    ),
)  # fmt: skip
generate.slip(
    "seed-ignored",
    "the seed is not used: two calls differ",
    "la graine ne sert pas : deux appels diffèrent",
    ("np.random.default_rng(seed)", "np.random.default_rng()"),
    loses=["seed"],
    mutant=GENERATE.replace("default_rng(seed)", "default_rng(time.perf_counter_ns())"),
)
generate.slip(
    "seed-fixed",
    "another seed gives the same text: the seed changes nothing",
    "une autre graine donne le même texte : la graine ne change rien",
    ("np.random.default_rng(seed)", "np.random.default_rng(0)"),
    loses=["seed"],
    mutant=GENERATE.replace("default_rng(seed)", "default_rng(42)"),
)
generate.slip(
    "seed-at-every-step",
    "the generator is made anew for each symbol: always the same draw",
    "le générateur est recréé à chaque symbole : toujours le même tirage",
    ("sample_next(logits, temperature, rng)",
     "sample_next(logits, temperature, np.random.default_rng(seed))"),
    loses=["distribution"],
    mutant=GENERATE.replace("        new =", "        rng = np.random.default_rng(seed)\n        new ="),
)  # fmt: skip
generate.slip(
    "end-not-read",
    "the text does not begin with END",
    "le texte ne commence pas par END",
    ("[END_ID, *encode(prompt, vocabulary)]", "(list(encode(prompt, vocabulary)) or [END_ID])"),
    hint=("the model has learnt that END opens a tweet",
          "le modèle a appris que END ouvre un tweet"),
    loses=["text", "fresh"],
    mutant=GENERATE.replace(
        "    logits, state = step(END_ID, state)\n",
        "    if not prompt:\n        logits, state = step(END_ID, state)\n",
    ),
)  # fmt: skip
generate.slip(
    "stops-at-end",
    "the text stops at the first END drawn",
    "le texte s'arrête au premier END tiré",
    ("        added.append(symbol)\n",
     "        if symbol == END_ID:\n            break\n        added.append(symbol)\n"),
    hint=("`length` symbols are asked for; after END another tweet begins",
          "`length` symboles sont demandés ; après END commence un autre tweet"),
    loses=["text", "fresh"],
    mutant=GENERATE.replace(
        "        text +=",
        "        if vocabulary[new] == END:\n            return text\n        text +=",
    ),
)  # fmt: skip
generate.slip(
    "last-symbol-read-twice",
    "the last symbol of the prompt is given to the step a second time",
    "le dernier symbole de l'amorce est donné une deuxième fois au pas",
    ("    added = []\n", "    logits, state = step(symbol, state)\n    added = []\n"),
    hint=("once the prompt has been read, its last logits are there: draw from them",
          "l'amorce lue, ses derniers logits sont là : tirez à partir d'eux"),
    loses=["text", "fresh"],
    mutant="""
def generate(model, prompt, length, temperature, seed, vocabulary):
    rng, step, state = np.random.default_rng(seed), stepper(model), None
    ids = [END_ID] + encode(prompt, vocabulary).tolist()
    for i in ids:
        _, state = step(i, state)
    for _ in range(length):
        logits, state = step(ids[-1], state)
        ids.append(sample_next(logits, temperature, rng))
    return prompt + decode(ids[len(ids) - length :], vocabulary)
""",
)  # fmt: skip
generate.slip(
    "drawn-symbol-not-fed-back",
    "the symbol drawn is not given back to the step",
    "le symbole tiré n'est pas redonné au pas",
    ("        logits, state = step(symbol, state)\n    return",
     "        logits, state = step(END_ID, state)\n    return"),
    loses=["text", "fresh"],
    mutant=GENERATE.replace("step(new, state)", "step(END_ID, state)"),
)  # fmt: skip
generate.slip(
    "one-symbol-short",
    "one symbol too few is written",
    "un symbole de moins que demandé",
    ("in range(length)", "in range(length - 1)"),
    loses=["text", "fresh", "distribution"],
    mutant=GENERATE.replace("range(length)", "range(1, length)"),
)
generate.slip(
    "greedy-generation",
    "the most probable symbol is always taken, whatever the temperature",
    "le symbole le plus probable est toujours pris, quelle que soit la température",
    ("sample_next(logits, temperature, rng)", "int(np.argmax(logits))"),
    hint=("draw each symbol with sample_next", "tirez chaque symbole avec sample_next"),
    loses=["seed", "distribution"],
    mutant=GENERATE.replace("sample_next(logits, temperature, rng)", "sample_next(logits, 0, rng)"),
)
generate.slip(
    "prompt-not-returned",
    "the prompt is missing from the result",
    "l'amorce manque dans le résultat",
    ("return prompt + decode(", "return decode("),
    loses=["text", "fresh"],
    mutant=GENERATE.replace("text = prompt", "text = ''"),
)
generate.slip(
    "only-last-of-prompt",
    "only the last symbol of the prompt was read",
    "seul le dernier symbole de l'amorce a été lu",
    ("[END_ID, *encode(prompt, vocabulary)]:", "[END_ID, *encode(prompt, vocabulary)][-1:]:"),
    loses=["text", "fresh"],
    mutant=GENERATE.replace("    logits, state = step(END_ID, state)\n", "").replace(
        "for character in prompt:", "for character in ('\\n' + prompt)[-1]:"
    ),
)
generate.slip(
    "generates-without-temperature",
    "the temperature is not used while generating",
    "la température ne sert pas pendant la génération",
    ("sample_next(logits, temperature, rng)", "sample_next(logits, 1.0, rng)"),
    loses=["text", "fresh", "distribution"],
    mutant=GENERATE.replace("sample_next(logits, temperature, rng)", "sample_next(logits, 1, rng)"),
)
