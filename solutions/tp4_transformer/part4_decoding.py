"""4 of TP4: greedy decoding, top-k sampling, beam search."""

from __future__ import annotations

import numpy as np
from beams import ending_table, instructive_tables
from lab import lab

from grader.authoring import Distribution, Draw, Student, rng, table

# ------------------------------------------------------------------ 4.1 greedy

greedy = lab.exercise("greedy", "4.1", "Greedy decoding", "Décodage glouton", "greedy_decode")


@greedy.check("tokens", 0.5, "token by token", "token par token",
    asked=("on made-up models: begins with start, ends with end, or stops at max_length",
           "sur des modèles inventés : commence par start, finit par end, ou s'arrête à max_length"))
def _(draw: Draw, student: Student):
    first, endless = ending_table(draw.rng), draw.normal(6, 6)
    endless[:, 5] = -9.0
    return student.probe(
        out=student.greedy_decode(table(first.logits), first.start, first.end, 12),
        endless=student.greedy_decode(table(endless), 2, 5, 7),
    )


greedy.slip("greedy-start-dropped",
    "the result lacks the start token",
    "il manque au résultat le token de départ",
    ("    return tokens", "    return tokens[1:]"))
greedy.slip("greedy-end-dropped",
    "the result lacks the end token",
    "il manque au résultat le token de fin",
    ("    return tokens", "    return tokens[:-1] if tokens[-1] == end else tokens"))
greedy.slip("greedy-one-too-long",
    "the result is one token too long: max_length counts `start` too",
    "le résultat a un token de trop : max_length compte aussi `start`",
    ("len(tokens) < max_length", "len(tokens) <= max_length"))
greedy.slip("greedy-never-ends",
    "writing goes on after the end token",
    "l'écriture continue après le token de fin",
    (" and tokens[-1] != end", ""))
greedy.slip("greedy-last-token-only",
    "the model is shown the last token only, not all of them",
    "le modèle ne reçoit que le dernier token, pas tous",
    ("next_logits(tokens)", "next_logits(tokens[-1:])"))

# ------------------------------------------------------------------ 4.2 top-k

top_k = lab.exercise("top_k", "4.2", "Top-k sampling", "Tirage top-k", "top_k_sample",
    forbids=["keras_hub.samplers.TopKSampler"])


@top_k.check("distribution", 0.75, "distribution of the draws", "distribution des tirages",
    asked=("400 draws follow the k best probabilities, made to sum to 1",
           "400 tirages suivent les k meilleures probabilités, ramenées à une somme de 1"),
    expect={"out": Distribution(9), "all": Distribution(5), "one": Distribution(9)})
def _(draw: Draw, student: Student):
    logits = draw.rng.permutation(np.array([2.0, 1.55, 1.2, 0.6, 0.5, 0.4, 0.35, 0.3, -0.5]))
    logits = (logits + draw.uniform(9, low=-0.03, high=0.03) + 3.0).astype(np.float32)
    few = draw.rng.permutation(np.array([1.0, 0.4, 0.0, -0.3, -1.0])).astype(np.float32)
    seed = int(draw.rng.integers(2**31))
    asked = student.probe(
        out=student.top_k_sample.sample(logits, 3, rng(seed), n=400),
        all=student.top_k_sample.sample(few, 5, rng(seed + 1), n=200),
        one=student.top_k_sample.sample(logits, 1, rng(seed + 2), n=20),
    )
    return asked, {"out": best(logits, 3), "all": best(few, 5), "one": best(logits, 1)}


def best(logits: np.ndarray, k: int) -> np.ndarray:
    """The distribution over the k best."""
    p = np.exp(logits.astype(np.float64))
    p[np.argsort(logits)[:-k]] = 0.0
    return p / p.sum()


top_k.slip("top-k-without-renormalisation",
    "the k probabilities do not sum to 1 again: the rest falls to one token",
    "la somme des k probabilités ne revient pas à 1 : le reste échoit à un seul token",
    loses=["distribution"], code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    p[np.argsort(logits)[:-k]] = 0.0
    return int(min(np.searchsorted(np.cumsum(p), rng.random()), len(p) - 1))
""",
    mutant="""
def top_k_sample(logits, k, rng):
    p = tf.nn.softmax(tf.cast(logits, tf.float64)).numpy()
    threshold = np.sort(p)[-k]
    p = np.where(p >= threshold, p, 0)
    u, total = rng.uniform(), 0.0
    for token, share in enumerate(p):
        total += share
        if u < total:
            return token
    return token
""")
top_k.slip("top-k-unnormalised-among-best",
    "the k probabilities do not sum to 1 again: the rest falls to one of the best",
    "la somme des k probabilités ne revient pas à 1 : le reste échoit à l'un des meilleurs",
    code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    best = np.argsort(logits)[::-1][:k]
    return int(best[min(np.searchsorted(np.cumsum(p[best]), rng.random()), k - 1)])
""")
top_k.slip("top-k-uniform",
    "the k best are drawn with equal chances",
    "les k meilleurs sont tirés à chances égales",
    ("p=p / p.sum()", "p=np.ones(k) / k"))
top_k.slip("top-k-all",
    "all tokens can be drawn, not only the k best",
    "tous les tokens peuvent sortir, pas seulement les k meilleurs",
    ("[-k:]", ""))
top_k.slip("top-k-argmax",
    "always the most probable token: nothing is drawn",
    "toujours le token le plus probable : rien n'est tiré",
    ("int(rng.choice(best, p=p / p.sum()))", "int(best[-1])"))
top_k.slip("top-k-one-more",
    "k + 1 tokens can come out",
    "k + 1 tokens peuvent sortir",
    ("[-k:]", "[-(k + 1) :]"))
top_k.slip("top-k-worst",
    "the k least probable tokens are kept",
    "ce sont les k tokens les moins probables qui sont gardés",
    ("[-k:]", "[:k]"))

# ------------------------------------------------------------------ 4.3 beam search

beam = lab.exercise("beam", "4.3", "Beam search", "Recherche en faisceau", "beam_search",
    forbids=["keras_hub.samplers.BeamSampler"])


@beam.check("tokens", 1.0, "better than greedy", "mieux que le glouton",
    asked=("on made-up models where the greedy choice is not the best sequence",
           "sur des modèles inventés où le choix glouton n'est pas la meilleure suite"))
def _(draw: Draw, student: Student):
    found = instructive_tables(draw.rng, 3)
    return student.probe(**{
        f"model_{i}": student.beam_search(table(x.logits), x.start, x.end, x.max_length, x.width)
        for i, x in enumerate(found)
    })


@beam.check("one", 0.25, "a beam of 1 is greedy", "un faisceau de 1 est glouton")
def _(draw: Draw, student: Student):
    x = instructive_tables(draw.rng, 1)[0]
    return student.beam_search(table(x.logits), x.start, x.end, x.max_length, 1)


beam.slip("beam-search-equal-to-greedy",
    "the result is greedy decoding's: only one hypothesis survives each step",
    "le résultat est celui du glouton : une seule hypothèse survit à chaque étape",
    ("[:beam_width]", "[:1]"),
    hint=("how many hypotheses are there after the first step?",
          "combien d'hypothèses reste-t-il après le premier pas ?"),
    loses=["tokens"], mutant="""
def beam_search(next_logits, start, end, max_length, beam_width):
    beams = [([start], 0.0)] * beam_width
    while beams[0][0][-1] != end and len(beams[0][0]) < max_length:
        grown = []
        for tokens, score in beams:
            log_p = tf.nn.log_softmax(tf.cast(next_logits(tokens), tf.float64)).numpy()
            best = int(log_p.argmax())
            grown.append((tokens + [best], score + log_p[best]))
        beams = sorted(grown, key=lambda b: b[1], reverse=True)[:beam_width]
    return beams[0][0]
""")
beam.slip("beam-raw-logits",
    "logits are summed; log-probabilities are needed (each step's logits have their own offset)",
    "les logits sont sommés ; il faut des log-probabilités (les logits de chaque pas ont leur propre décalage)",
    (" - logits.max() - np.log(np.exp(logits - logits.max()).sum())", ""))
beam.slip("beam-summed-probabilities",
    "probabilities are added up; they multiply, so their logarithms add up",
    "les probabilités sont sommées ; elles se multiplient, ce sont leurs logarithmes qu'on somme",
    ("score + log_p[token]", "score + np.exp(log_p[token])"))
beam.slip("beam-ended-lost",
    "hypotheses that have ended are dropped",
    "les hypothèses terminées sont perdues",
    ("                candidates.append((score, tokens))\n", ""),
    ("        beam = sorted", "        beam = not candidates and beam or sorted"))
beam.slip("beam-ended-continued",
    "hypotheses are continued after the end token",
    "des hypothèses sont poursuivies après le token de fin",
    ("if tokens[-1] == end:", "if False:"))
beam.slip("beam-length-normalised",
    "scores are divided by the length; no correction is asked for here",
    "les scores sont divisés par la longueur ; aucune correction n'est demandée ici",
    ("key=lambda c: -c[0])", "key=lambda c: -c[0] / len(c[1]))"))
beam.slip("beam-worst",
    "the least probable hypotheses are kept",
    "ce sont les hypothèses les moins probables qui sont gardées",
    ("key=lambda c: -c[0])", "key=lambda c: c[0])"))
beam.slip("beam-last-token-only",
    "the model is shown the last token only, not all of them",
    "le modèle ne reçoit que le dernier token, pas tous",
    ("next_logits(tokens)", "next_logits(tokens[-1:])"))
