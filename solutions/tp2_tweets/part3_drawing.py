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
        zero_large=at(numpy_array(-400 * z), 0),
        infinite=at(numpy_array(z), float("inf")),
        large=at(numpy_array(400 * z), 0.7),
        negative=at.raises(ValueError, numpy_array(z), -0.5),
        nan=at.raises(ValueError, numpy_array(z), float("nan")),
        nan_large=at.raises(ValueError, numpy_array(400 * z), float("nan")),
    ), {"negative": True, "nan": True, "nan_large": True}


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
    hint=[
        ("look at what T does to the logits",
         "regardez ce que T fait aux logits"),
        ("does your T = 2 give more variety than T = 1, or less?",
         "votre T = 2 donne-t-elle plus de variété que T = 1, ou moins ?"),
        ("a hotter text has flatter scores: turn the operation round",
         "plus chaud, les scores sont plus plats : inversez l'opération"),
    ],
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
    hint=[
        ("count the exponentials on the way",
         "comptez les exponentielles en chemin"),
        ("at T = 1 you must find softmax(z): do you?",
         "à T = 1 vous devez trouver softmax(z) : est-ce le cas ?"),
        ("T divides the logits, before the only softmax",
         "T divise les logits, avant l'unique softmax"),
    ],
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
    hint=[
        ("print the sum of what you return",
         "affichez la somme de ce que vous rendez"),
        ("[0.5, 0.5] at T = 0.5 becomes [0.25, 0.25]: what is missing?",
         "[0.5, 0.5] à T = 0,5 devient [0.25, 0.25] : que manque-t-il ?"),
        ("divide by the sum at the very end",
         "divisez par la somme tout à la fin"),
    ],
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
    hint=[
        ("print the sum of what you return",
         "affichez la somme de ce que vous rendez"),
        ("at T = 2 all your probabilities are halved: their ratios do not change",
         "à T = 2 toutes vos probabilités sont divisées par deux : leurs rapports ne changent pas"),
        ("T divides the logits, before the softmax",
         "T divise les logits, avant la softmax"),
    ],
    loses=["values", "limits"],
    mutant=at_temperature("return tf.nn.softmax(z).numpy() / temperature"),
)  # fmt: skip
temperature.slip(
    "temperature-ignored",
    "T changes nothing",
    "T ne change rien",
    ("(logits - logits.max()) / temperature", "logits - logits.max()"),
    hint=[
        ("look for `temperature` after the special cases",
         "cherchez `temperature` après les cas particuliers"),
        ("compare T = 0.5 and T = 2 on [0, 1]: they must differ",
         "comparez T = 0,5 et T = 2 sur [0, 1] : ils doivent différer"),
        ("scale the logits before the exponential",
         "changez l'échelle des logits avant l'exponentielle"),
    ],
    loses=["values", "limits"],
    mutant=at_temperature("return tf.nn.softmax(z).numpy()"),
)  # fmt: skip
temperature.slip(
    "zero-temperature-divides",
    "T = 0 is divided by: NaN",
    "division par T = 0 : NaN",
    ("    if temperature == 0:\n        best = logits == logits.max()\n        return best / best.sum()\n",
     ""),
    ("z = (logits", 'with np.errstate(all="ignore"):\n        z = (logits'),
    hint=[
        ("look at what happens at T = 0",
         "regardez ce qui arrive à T = 0"),
        ("what is 0 / 0 in NumPy? what should come for [1, 3, 2]?",
         "que vaut 0 / 0 en NumPy ? que doit-il sortir pour [1, 3, 2] ?"),
        ("T = 0 is a case of its own: 1 on the best symbol, 0 elsewhere",
         "T = 0 est un cas à part : 1 sur le meilleur symbole, 0 ailleurs"),
    ],
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
    hint=[
        ("look at the first line: what is refused?",
         "regardez la première ligne : que refusez-vous ?"),
        ("try −1 and float(\"nan\"): an error is promised for both",
         "essayez −1 et float(\"nan\") : une erreur est promise pour les deux"),
        ("raise ValueError before computing anything",
         "levez ValueError avant tout calcul"),
    ],
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
    hint=[
        ("look at the comparison that refuses",
         "regardez la comparaison qui refuse"),
        ("print float(\"nan\") < 0 and float(\"nan\") >= 0",
         "affichez float(\"nan\") < 0 et float(\"nan\") >= 0"),
        ("ask whether T is good instead of whether it is bad",
         "demandez si T est bonne plutôt que si elle est mauvaise"),
    ],
    loses=["limits"],
    mutant=[("if not temperature >= 0:", "if -temperature > 0:")],
)  # fmt: skip
temperature.slip(
    "exp-overflow",
    "the exponential overflows with large logits",
    "l'exponentielle déborde avec de grands logits",
    ("z = (logits - logits.max()) / temperature\n    p = np.exp(z)",
     'with np.errstate(all="ignore"):\n        p = np.exp(logits / temperature)'),
    ("return p / p.sum()", 'with np.errstate(all="ignore"):\n        return p / p.sum()'),
    hint=[
        ("look at what goes into the exponential",
         "regardez ce qui entre dans l'exponentielle"),
        ("print np.exp(1000.0); then softmax of [1000, 1001] should be that of [0, 1]",
         "affichez np.exp(1000.0) ; or la softmax de [1000, 1001] est celle de [0, 1]"),
        ("take the largest logit off all of them first: the quotient does not change",
         "retirez d'abord le plus grand logit à tous : le quotient ne change pas"),
    ],
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
    z, other = (numpy_array(draw.normal(n, scale=1.5)) for n in draw.sizes(2, 7, 11))
    at = student.beta_probabilities
    return student.probe(
        out=at(z, 0.4 + 0.3 * float(draw.rng.random())),
        large=at(z, 2.5),
        zero=at(z, 0),
        negative=at.raises(ValueError, z, -1.0),
        nan=at.raises(ValueError, z, float("nan")),
        nan_again=at.raises(ValueError, other, float("nan")),
    ), {"negative": True, "nan": True, "nan_again": True}


beta.slip(
    "beta-divides",
    "the logits are divided by β: that is T",
    "les logits sont divisés par β : c'est T",
    ("np.exp(beta * (logits - logits.max()))",
     "np.exp((logits - logits.max()) / max(beta, 1e-300))"),
    hint=[
        ("look at what β does to the logits",
         "regardez ce que β fait aux logits"),
        ("β = 1/T: does a larger β give more variety, or less?",
         "β = 1/T : un β plus grand donne-t-il plus de variété, ou moins ?"),
        ("β stands where 1/T stood",
         "β est là où était 1/T"),
    ],
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
    hint=[
        ("look for a power",
         "cherchez une puissance"),
        ("print np.array([-1.0]) ** 0.5: may a logit be negative?",
         "affichez np.array([-1.0]) ** 0.5 : un logit peut-il être négatif ?"),
        ("β is a factor of the logits",
         "β est un facteur des logits"),
    ],
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
    hint=[
        ("look at the first line: what is refused?",
         "regardez la première ligne : que refusez-vous ?"),
        ("try −1 and float(\"nan\"): an error is promised for both",
         "essayez −1 et float(\"nan\") : une erreur est promise pour les deux"),
        ("raise ValueError before computing anything",
         "levez ValueError avant tout calcul"),
    ],
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
    hint=[
        ("look at the comparison that refuses",
         "regardez la comparaison qui refuse"),
        ("print float(\"nan\") < 0 and float(\"nan\") >= 0",
         "affichez float(\"nan\") < 0 et float(\"nan\") >= 0"),
        ("ask whether β is good instead of whether it is bad",
         "demandez si β est bon plutôt que s'il est mauvais"),
    ],
    loses=["values"],
    mutant=[("if not beta >= 0:", "if 0 > beta:")],
)  # fmt: skip

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
        axes_of_one_draw=student.np.ndim(student.sample_next(numpy_array(z), 1.0, rng(seed))),
    ), {"out": softmax(z), "cold": softmax(2 * z), "axes_of_one_draw": 0}


@sample.check(
    "cold", 0.25, "almost cold", "presque à froid",
    asked=("T = 0.01: always the most probable", "T = 0,01 : toujours le plus probable"),
    expect={"out": Distribution(7)},
)  # fmt: skip
def _(draw: Draw, student: Student):
    z, seed = spread(draw, 7), int(draw.rng.integers(2**31))
    drawn = student.sample_next.sample(numpy_array(z), 0.01, rng(seed), n=300)
    return drawn, {"out": np.eye(7)[int(np.argmax(z))]}


@sample.check(
    "chance", 0.25, "chance comes from rng", "le hasard vient de rng",
    asked=("a generator in the same state gives the same draws, in another state others",
           "un générateur dans le même état donne les mêmes tirages, dans un autre état d'autres"),
)  # fmt: skip
def _(draw: Draw, student: Student):
    z, seed = numpy_array(spread(draw, 7)), int(draw.rng.integers(2**31))
    first, again, other, as_other = (
        student.sample_next.sample(z, 1.0, rng(s), n=60) for s in (seed, seed, seed + 1, seed + 1)
    )
    return student.probe(
        same_state=first.change(again, at=0, axis=0),
        same_other_state=other.change(as_other, at=0, axis=0),
        other_state=first.change(other, at=0, axis=0),
    ), {"same_state": SAME, "same_other_state": SAME, "other_state": OTHER}


sample.slip(
    "same-draw-each-time",
    "the draw is always the same: nothing comes from rng",
    "le tirage est toujours le même : rien ne vient de rng",
    ("rng.choice(", "np.random.default_rng(0).choice("),
    hint=[
        ("look at where your random numbers come from",
         "regardez d'où viennent vos nombres aléatoires"),
        ("draw ten symbols with one rng: are they all the same?",
         "tirez dix symboles avec un même rng : sont-ils tous pareils ?"),
        ("use the rng that is given; a new generator begins again each time",
         "servez-vous du rng reçu ; un générateur neuf recommence à chaque fois"),
    ],
    loses=["distribution", "chance"],
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
    hint=[
        ("look for an argmax",
         "cherchez un argmax"),
        ("a symbol of probability 0.2 must come one time in five: draw a hundred",
         "un symbole de probabilité 0,2 doit sortir une fois sur cinq : tirez-en cent"),
        ("draw with the probabilities instead of taking the best",
         "tirez selon les probabilités au lieu de prendre la meilleure"),
    ],
    loses=["distribution", "chance"],
    mutant="""def sample_next(logits, temperature, rng):
    return int(max(range(len(logits)), key=lambda i: float(logits[i])))
""",
)  # fmt: skip
sample.slip(
    "uniform-draw",
    "all symbols are drawn with the same probability",
    "tous les symboles sont tirés avec la même probabilité",
    ("rng.choice(len(p), p=p / p.sum())", "rng.choice(len(p))"),
    hint=[
        ("look at what your draw is told of the probabilities",
         "regardez ce que votre tirage sait des probabilités"),
        ("logits [0, 10]: draw a hundred; how many 0 should come?",
         "logits [0, 10] : tirez cent fois ; combien de 0 doit-il sortir ?"),
        ("hand the probabilities to the draw",
         "donnez les probabilités au tirage"),
    ],
    loses=["distribution", "cold"],
    mutant="""def sample_next(logits, temperature, rng):
    return int(rng.integers(0, len(logits)))
""",
)  # fmt: skip
sample.slip(
    "draws-without-temperature",
    "the draw does not use the temperature",
    "le tirage n'utilise pas la température",
    ("temperature_probabilities(logits, temperature)", "temperature_probabilities(logits, 1.0)"),
    hint=[
        ("look for `temperature` in the function",
         "cherchez `temperature` dans la fonction"),
        ("at T = 0.01 the same symbol must come every time: does it?",
         "à T = 0,01 le même symbole doit sortir à chaque fois : est-ce le cas ?"),
        ("the probabilities to draw from are those at this temperature",
         "les probabilités du tirage sont celles de cette température"),
    ],
    loses=["distribution", "cold"],
    mutant="""
def sample_next(logits, temperature, rng):
    return int(np.argmax(np.float64(logits) + rng.gumbel(size=len(logits))))
""",
)  # fmt: skip
sample.slip(
    "rng-ignored",
    "the draws do not come from rng: nothing can be reproduced",
    "les tirages ne viennent pas de rng : rien ne se reproduit",
    ("rng.choice(", "np.random.default_rng().choice("),
    hint=[
        ("look at where your random numbers come from",
         "regardez d'où viennent vos nombres aléatoires"),
        ("draw twenty symbols with default_rng(1), twice: they must be the same",
         "tirez vingt symboles avec default_rng(1), deux fois : ils doivent être les mêmes"),
        ("a method of the rng that is given, not of np.random or tf.random",
         "une méthode du rng reçu, pas de np.random ni de tf.random"),
    ],
    loses=["chance"],
    mutant="""
def sample_next(logits, temperature, rng):
    p = temperature_probabilities(logits, temperature)
    return int(np.random.multinomial(1, p / p.sum()).argmax())
""",
)  # fmt: skip

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
    hint=[
        ("print the sum of what you return",
         "affichez la somme de ce que vous rendez"),
        ("k = 1: what must the best symbol's probability become?",
         "k = 1 : que doit devenir la probabilité du meilleur symbole ?"),
        ("divide what is kept by its sum",
         "divisez ce qui est gardé par sa somme"),
    ],
    loses=["values"],
    mutant="""
def top_k_probabilities(logits, k):
    if k < 1:
        raise ValueError("k")
    p = tf.nn.softmax(np.float64(logits)).numpy()
    return np.where(p >= np.sort(p)[-min(k, len(p))], p, 0)
""",
)  # fmt: skip
top_k.slip(
    "bottom-k",
    "the k least probable symbols were kept",
    "ce sont les k symboles les moins probables qui sont gardés",
    ("np.argsort(-p)", "np.argsort(p)"),
    hint=[
        ("look at the direction in which you sort",
         "regardez dans quel sens vous triez"),
        ("logits [0, 1, 2], k = 1: which symbol must be left?",
         "logits [0, 1, 2], k = 1 : quel symbole doit rester ?"),
        ("sort with the largest first, or take the other end",
         "triez du plus grand au plus petit, ou prenez l'autre bout"),
    ],
    loses=["values"],
    mutant=[("p[np.argsort(-p)[k:]] = 0.0", "p[np.argsort(p)[k:]] = 0.0")],
)  # fmt: skip
top_k.slip(
    "k-plus-one",
    "k + 1 symbols were kept",
    "k + 1 symboles sont gardés",
    ("[k:]", "[k + 1 :]"),
    hint=[
        ("count the probabilities that are not 0",
         "comptez les probabilités non nulles"),
        ("k = 1 should leave a single one: how many have you?",
         "k = 1 ne doit en laisser qu'une : combien en avez-vous ?"),
        ("the first k of a list end before index k",
         "les k premiers d'une liste finissent avant l'indice k"),
    ],
    loses=["values"],
    mutant=[("np.argsort(-p)[k:]", "np.argsort(p)[::-1][k + 1:]")],
)  # fmt: skip
top_k.slip(
    "dropped-logits-to-zero",
    "the other logits were set to 0, which is a score like any other",
    "les autres logits sont mis à 0, qui est un score comme un autre",
    ("p = temperature_probabilities(logits, 1.0)\n    p[np.argsort(-p)[k:]] = 0.0\n    return p / p.sum()",
     "z = np.array(logits)\n    z[np.argsort(-z)[k:]] = 0.0\n    return temperature_probabilities(z, 1.0)"),
    hint=[
        ("look at the value that the other logits get",
         "regardez la valeur que prennent les autres logits"),
        ("which logit has probability 0? compute exp(0)",
         "quel logit a une probabilité nulle ? calculez exp(0)"),
        ("drop the others after the softmax, or give them −∞ before it",
         "écartez les autres après la softmax, ou donnez-leur −∞ avant"),
    ],
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
    hint=[
        ("look at what is done with k before the sorting",
         "regardez ce que devient k avant le tri"),
        ("call it with k = 0 and k = −2: an error is promised",
         "appelez-la avec k = 0 et k = −2 : une erreur est promise"),
        ("raise ValueError for every k below 1",
         "levez ValueError pour tout k sous 1"),
    ],
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
    bias = draw.normal(len(known), scale=0.1)  # no ties: a cold draw among equals looks like a warm one
    bias[greedy.END_ID] = -60.0  # never drawn: 25 symbols even if END stops the text
    weights["logits/bias"] = bias
    seed = int(draw.rng.integers(1000))
    model = network(student, weights)
    twin = network(student, weights)  # what one call leaves, another does not find
    texts = [
        student.generate(m, prompt, 25, 3.0, s, known)
        for m, s in (
            (model, seed), (twin, seed), (model, seed + 7), (twin, seed + 7), (model, seed + 13)
        )
    ]  # fmt: skip
    first, again, other, as_other, third = (student.encode(text, known) for text in texts)
    return student.probe(
        same_seed=first.change(again, at=0, axis=0),
        same_other_seed=other.change(as_other, at=0, axis=0),
        other_seed=first.change(other, at=0, axis=0),
        yet_another_seed=first.change(third, at=0, axis=0),
    ), {
        "same_seed": SAME, "same_other_seed": SAME, "other_seed": OTHER, "yet_another_seed": OTHER
    }  # fmt: skip


@generate.check(
    "distribution", 0.5, "distribution of the text", "distribution du texte",
    asked=("the symbols of a model without memory follow softmax(z / T)",
           "les symboles d'un modèle sans mémoire suivent softmax(z / T)"),
    expect={"ids": Distribution(10), "hot": Distribution(10)},
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
    seed = int(draw.rng.integers(1000))
    drawn = {}
    for name, temperature in (("ids", 0.5), ("hot", 1.5)):
        text = student.generate(model, "", 155, temperature, seed, known)
        drawn[name] = student.encode(text, known)[:150]  # how many come is another check's matter
    return student.probe(**drawn), {"ids": softmax(scores / 0.5), "hot": softmax(scores / 1.5)}


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
    hint=[
        ("look at which state the first symbol is read with",
         "regardez avec quel état le premier symbole est lu"),
        ("generate the same text twice in a row at T = 0: they must be equal",
         "générez deux fois de suite le même texte à T = 0 : ils doivent être égaux"),
        ("each call begins with the blank state, None, and keeps nothing for the next",
         "chaque appel commence par l'état vide, None, et ne garde rien pour le suivant"),
    ],
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
    hint=[
        ("look at the state that each step is given",
         "regardez l'état que reçoit chaque pas"),
        ("at T = 0, does your text depend on the first letter of the prompt?",
         "à T = 0, votre texte dépend-il de la première lettre de l'amorce ?"),
        ("hand each step the state that the step before returned",
         "donnez à chaque pas l'état rendu par le précédent"),
    ],
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
    hint=[
        ("look for `seed` in the function",
         "cherchez `seed` dans la fonction"),
        ("call it twice with seed 1: the texts must be equal",
         "appelez-la deux fois avec la graine 1 : les textes doivent être égaux"),
        ("make the generator from the seed, once, at the beginning",
         "faites le générateur à partir de la graine, une fois, au début"),
    ],
    loses=["seed"],
    mutant=GENERATE.replace("default_rng(seed)", "default_rng(time.perf_counter_ns())"),
)  # fmt: skip
generate.slip(
    "seed-fixed",
    "another seed gives the same text: the seed changes nothing",
    "une autre graine donne le même texte : la graine ne change rien",
    ("np.random.default_rng(seed)", "np.random.default_rng(0)"),
    hint=[
        ("look at what the generator is made from",
         "regardez à partir de quoi le générateur est fait"),
        ("call it with seeds 1 and 2: the texts must differ",
         "appelez-la avec les graines 1 et 2 : les textes doivent différer"),
        ("the number is the function's argument, not a constant",
         "ce nombre est l'argument de la fonction, pas une constante"),
    ],
    loses=["seed"],
    mutant=GENERATE.replace("default_rng(seed)", "default_rng(42)"),
)  # fmt: skip
generate.slip(
    "seed-at-every-step",
    "the generator is made anew for each symbol: always the same draw",
    "le générateur est recréé à chaque symbole : toujours le même tirage",
    ("sample_next(logits, temperature, rng)",
     "sample_next(logits, temperature, np.random.default_rng(seed))"),
    hint=[
        ("look at where the generator is made: inside the loop, or before it?",
         "regardez où le générateur est fait : dans la boucle, ou avant ?"),
        ("two generators with the same seed: are their first draws different?",
         "deux générateurs de même graine : leurs premiers tirages diffèrent-ils ?"),
        ("make it once; each draw then moves it on",
         "faites-le une fois ; chaque tirage le fait alors avancer"),
    ],
    loses=["distribution"],
    mutant=GENERATE.replace("        new =", "        rng = np.random.default_rng(seed)\n        new ="),
)  # fmt: skip
generate.slip(
    "end-not-read",
    "the text does not begin with END",
    "le texte ne commence pas par END",
    ("[END_ID, *encode(prompt, vocabulary)]", "(list(encode(prompt, vocabulary)) or [END_ID])"),
    hint=[
        ("look at the first symbol that the step reads",
         "regardez le premier symbole lu par le pas"),
        ("print the rows of test_ids: with what does every text begin?",
         "affichez les lignes de test_ids : par quoi commence chaque texte ?"),
        ("read END before the prompt, whether or not it is empty",
         "lisez END avant l'amorce, qu'elle soit vide ou non"),
    ],
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
    hint=[
        ("look for a break, or a return inside the loop",
         "cherchez un break, ou un return dans la boucle"),
        ("print len(text) − len(prompt): it must be `length`, always",
         "affichez len(text) − len(prompt) : il faut toujours `length`"),
        ("go on after END: another tweet begins there",
         "continuez après END : un autre tweet commence là"),
    ],
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
    hint=[
        ("write down the symbols that the step reads, for the prompt \"ab\"",
         "écrivez les symboles que lit le pas, pour l'amorce « ab »"),
        ("END, a, b: is any of them read again before the first draw?",
         "END, a, b : l'un d'eux est-il relu avant le premier tirage ?"),
        ("once the prompt has been read, its last logits are there: draw from them",
         "l'amorce lue, ses derniers logits sont là : tirez à partir d'eux"),
    ],
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
    hint=[
        ("look at what the step reads inside the loop",
         "regardez ce que le pas lit dans la boucle"),
        ("after “q”, does your text know that a q was written?",
         "après « q », votre texte sait-il qu'un q a été écrit ?"),
        ("the step reads the symbol that was just drawn",
         "le pas lit le symbole qui vient d'être tiré"),
    ],
    loses=["text", "fresh"],
    mutant=GENERATE.replace("step(new, state)", "step(END_ID, state)"),
)  # fmt: skip
generate.slip(
    "one-symbol-short",
    "one symbol too few is written",
    "un symbole de moins que demandé",
    ("in range(length)", "in range(length - 1)"),
    hint=[
        ("count the turns of the loop",
         "comptez les tours de la boucle"),
        ("length = 1 must add one symbol: how many come?",
         "length = 1 doit ajouter un symbole : combien en vient-il ?"),
        ("one turn for each symbol asked for",
         "un tour par symbole demandé"),
    ],
    loses=["text", "fresh"],
    mutant=GENERATE.replace("range(length)", "range(1, length)"),
)  # fmt: skip
generate.slip(
    "greedy-generation",
    "the most probable symbol is always taken, whatever the temperature",
    "le symbole le plus probable est toujours pris, quelle que soit la température",
    ("sample_next(logits, temperature, rng)", "int(np.argmax(logits))"),
    hint=[
        ("look at how the next symbol is chosen",
         "regardez comment le symbole suivant est choisi"),
        ("generate with seeds 1 and 2 at T = 1: are the texts the same?",
         "générez avec les graines 1 et 2 à T = 1 : les textes sont-ils les mêmes ?"),
        ("draw each symbol with sample_next, at the temperature that is given",
         "tirez chaque symbole avec sample_next, à la température reçue"),
    ],
    loses=["seed", "distribution"],
    mutant=GENERATE.replace("sample_next(logits, temperature, rng)", "sample_next(logits, 0, rng)"),
)  # fmt: skip
generate.slip(
    "prompt-not-returned",
    "the prompt is missing from the result",
    "l'amorce manque dans le résultat",
    ("return prompt + decode(", "return decode("),
    hint=[
        ("look at the last line",
         "regardez la dernière ligne"),
        ("print generate(model, \"I will \", 0, …): it must be the prompt",
         "affichez generate(model, \"I will \", 0, …) : ce doit être l'amorce"),
        ("the prompt comes before what was added",
         "l'amorce vient avant ce qui est ajouté"),
    ],
    loses=["text", "fresh"],
    mutant=GENERATE.replace("text = prompt", "text = ''"),
)  # fmt: skip
generate.slip(
    "only-last-of-prompt",
    "only the last symbol of the prompt was read",
    "seul le dernier symbole de l'amorce a été lu",
    ("[END_ID, *encode(prompt, vocabulary)]:", "[END_ID, *encode(prompt, vocabulary)][-1:]:"),
    hint=[
        ("write down the symbols that the step reads, for the prompt \"ab\"",
         "écrivez les symboles que lit le pas, pour l'amorce « ab »"),
        ("at T = 0, do \"ab\" and \"cb\" give the same continuation?",
         "à T = 0, « ab » et « cb » donnent-elles la même suite ?"),
        ("read every symbol of the prompt, one after the other",
         "lisez chaque symbole de l'amorce, l'un après l'autre"),
    ],
    loses=["text", "fresh"],
    mutant=GENERATE.replace("    logits, state = step(END_ID, state)\n", "").replace(
        "for character in prompt:", "for character in ('\\n' + prompt)[-1]:"
    ),
)  # fmt: skip
generate.slip(
    "generates-without-temperature",
    "the temperature is not used while generating",
    "la température ne sert pas pendant la génération",
    ("sample_next(logits, temperature, rng)", "sample_next(logits, 1.0, rng)"),
    hint=[
        ("look for `temperature` in the loop",
         "cherchez `temperature` dans la boucle"),
        ("at T = 0 two seeds must give the same text: do they?",
         "à T = 0 deux graines doivent donner le même texte : est-ce le cas ?"),
        ("hand the temperature on to the draw",
         "transmettez la température au tirage"),
    ],
    loses=["text", "fresh", "distribution"],
    mutant=GENERATE.replace("sample_next(logits, temperature, rng)", "sample_next(logits, 1, rng)"),
)  # fmt: skip
