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
    ("    return tokens", "    return tokens[1:]"),
    hint=[("what the list holds before the first step, and what is returned",
           "ce que contient la liste avant le premier pas, et ce qui est rendu"),
          ("print result[0]: it must be `start`", "affichez result[0] : ce doit être `start`"),
          ("return the list from its first token on", "rendez la liste à partir de son premier token")],
    loses=["tokens"])
greedy.slip("greedy-end-dropped",
    "the result lacks the end token",
    "il manque au résultat le token de fin",
    ("    return tokens", "    return tokens[:-1] if tokens[-1] == end else tokens"),
    hint=[("what happens when the model writes `end`", "ce qui se passe quand le modèle écrit `end`"),
          ("with a model that always writes `end`: the result is [start, end]",
           "avec un modèle qui écrit toujours `end` : le résultat est [start, end]"),
          ("put the end token into the list before you stop",
           "mettez le token de fin dans la liste avant de vous arrêter")],
    loses=["tokens"])
greedy.slip("greedy-one-too-long",
    "the result is one token too long: max_length counts `start` too",
    "le résultat a un token de trop : max_length compte aussi `start`",
    ("len(tokens) < max_length", "len(tokens) <= max_length"),
    hint=[("the condition of the loop", "la condition de la boucle"),
          ("with max_length = 1 there is no step at all: the result is [start]",
           "avec max_length = 1 il n'y a aucun pas : le résultat est [start]"),
          ("go on only while the list is shorter than max_length",
           "ne continuez que tant que la liste est plus courte que max_length")],
    loses=["tokens"])
greedy.slip("greedy-never-ends",
    "writing goes on after the end token",
    "l'écriture continue après le token de fin",
    (" and tokens[-1] != end", ""),
    hint=[("what can stop the loop", "ce qui peut arrêter la boucle"),
          ("with a model that always writes `end`: the result is [start, end], whatever max_length",
           "avec un modèle qui écrit toujours `end` : le résultat est [start, end], quel que soit max_length"),
          ("stop too when the last token is `end`", "arrêtez-vous aussi quand le dernier token est `end`")],
    loses=["tokens"])
greedy.slip("greedy-last-token-only",
    "the model is shown the last token only, not all of them",
    "le modèle ne reçoit que le dernier token, pas tous",
    ("next_logits(tokens)", "next_logits(tokens[-1:])"),
    hint=[("what next_logits is called with", "ce avec quoi next_logits est appelée"),
          ("print the argument at the third step: three tokens are wanted",
           "affichez l'argument au troisième pas : on veut trois tokens"),
          ("give the model the whole list so far", "donnez au modèle toute la liste écrite jusque-là")],
    loses=["tokens"])

# ------------------------------------------------------------------ 4.2 top-k

top_k = lab.exercise("top_k", "4.2", "Top-k sampling", "Tirage top-k", "top_k_sample",
    forbids=["keras_hub.samplers.TopKSampler"])


@top_k.check("distribution", 0.5, "distribution of the draws", "distribution des tirages",
    asked=("400 draws follow the k best probabilities, made to sum to 1",
           "400 tirages suivent les k meilleures probabilités, ramenées à une somme de 1"),
    expect={"out": Distribution(9), "steep": Distribution(5), "all": Distribution(5), "one": Distribution(9)})
def _(draw: Draw, student: Student):
    logits = draw.rng.permutation(np.array([2.0, 1.55, 1.2, 0.6, 0.5, 0.4, 0.35, 0.3, -0.5]))
    logits = (logits + draw.uniform(9, low=-0.03, high=0.03) + 3.0).astype(np.float32)
    few = draw.rng.permutation(np.array([1.0, 0.4, 0.0, -0.3, -1.0])).astype(np.float32)
    steep = draw.rng.permutation(np.array([5.0, 0.6, 0.2, -1.0, -2.0])).astype(np.float32)
    seed = int(draw.rng.integers(2**31))
    asked = student.probe(
        out=student.top_k_sample.sample(logits, 3, rng(seed), n=400),
        steep=student.top_k_sample.sample(steep, 3, rng(seed + 1), n=250),
        all=student.top_k_sample.sample(few, 5, rng(seed + 2), n=200),
        one=student.top_k_sample.sample(logits, 1, rng(seed + 3), n=20),
    )
    return asked, {
        "out": best(logits, 3), "steep": best(steep, 3), "all": best(few, 5), "one": best(logits, 1)
    }


@top_k.check("chance", 0.25, "chance comes from rng", "le hasard vient de rng",
    asked=("the same generator gives the same draws again, another one others",
           "le même générateur redonne les mêmes tirages, un autre en donne d'autres"))
def _(draw: Draw, student: Student):
    logits, few = draw.normal(9, scale=0.3), draw.normal(5, scale=0.3)
    seed = int(draw.rng.integers(2**31))

    def draws(logits: np.ndarray, k: int, seed: int):
        return student.top_k_sample.sample(logits, k, rng(seed), n=40)

    first = draws(logits, 4, seed)
    asked = student.probe(
        again=first.change(draws(logits, 4, seed), at=0, axis=0),
        again_all=draws(few, 5, seed).change(draws(few, 5, seed), at=0, axis=0),
        other=first.change(draws(logits, 4, seed + 1), at=0, axis=0),
    )
    return asked, {"other": {"before": False, "after": True}}


def best(logits: np.ndarray, k: int) -> np.ndarray:
    """The distribution over the k best."""
    p = np.exp(logits.astype(np.float64))
    p[np.argsort(logits)[:-k]] = 0.0
    return p / p.sum()


top_k.slip("top-k-without-renormalisation",
    "the k probabilities do not sum to 1 again: the rest falls to one token",
    "la somme des k probabilités ne revient pas à 1 : le reste échoit à un seul token",
    hint=[("the sum of the k probabilities that are kept", "la somme des k probabilités gardées"),
          ("with probabilities 0.5, 0.3, 0.2 and k = 2: 0.625 and 0.375 must be drawn from",
           "avec les probabilités 0,5, 0,3, 0,2 et k = 2 : on doit tirer selon 0,625 et 0,375"),
          ("divide the k probabilities by their sum before you draw",
           "divisez les k probabilités par leur somme avant de tirer")],
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
    hint=[("the sum of the k probabilities that are drawn from",
           "la somme des k probabilités selon lesquelles on tire"),
          ("with 0.5, 0.3, 0.2 and k = 2: to whom goes a random number above 0.8?",
           "avec 0,5, 0,3, 0,2 et k = 2 : à qui va un nombre tiré au-dessus de 0,8 ?"),
          ("divide the k probabilities by their sum before you draw",
           "divisez les k probabilités par leur somme avant de tirer")],
    code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    best = np.argsort(logits)[::-1][:k]
    return int(best[min(np.searchsorted(np.cumsum(p[best]), rng.random()), k - 1)])
""",
    loses=["distribution"])
top_k.slip("top-k-own-chance",
    "the same `rng` does not give the same draws again: chance comes from elsewhere",
    "le même `rng` ne redonne pas les mêmes tirages : le hasard vient d'ailleurs",
    ("int(rng.choice(best", "int(np.random.choice(best"),
    hint=[("where `rng` is used", "où `rng` sert"),
          ("call it twice with np.random.default_rng(0): the same token must come",
           "appelez-la deux fois avec np.random.default_rng(0) : le même token doit sortir"),
          ("draw with a method of `rng`, not with the functions of np.random or tf.random",
           "tirez avec une méthode de `rng`, pas avec les fonctions de np.random ou de tf.random")],
    loses=["chance"], mutant="""
def top_k_sample(logits, k, rng):
    best, tokens = tf.math.top_k(logits, k)
    return int(tokens[tf.random.categorical(best[None], 1)[0, 0]])
""")
top_k.slip("top-k-uniform",
    "the k best are drawn with equal chances",
    "les k meilleurs sont tirés à chances égales",
    ("p=p / p.sum()", "p=np.ones(k) / k"),
    hint=[("the probabilities that are given to the draw", "les probabilités données au tirage"),
          ("with 0.5, 0.3, 0.2 and k = 2: the first comes 5 times for 3 of the second",
           "avec 0,5, 0,3, 0,2 et k = 2 : le premier sort 5 fois pour 3 du second"),
          ("draw by the softmax of the k logits, not with equal chances",
           "tirez selon le softmax des k logits, pas à chances égales")],
    loses=["distribution"])
top_k.slip("top-k-all",
    "all tokens can be drawn, not only the k best",
    "tous les tokens peuvent sortir, pas seulement les k meilleurs",
    ("[-k:]", ""),
    hint=[("where k is used", "où k sert"),
          ("with k = 1 the same token must always come", "avec k = 1, le même token doit toujours sortir"),
          ("keep the k largest logits and draw among these only",
           "gardez les k plus grands logits et ne tirez que parmi eux")],
    loses=["distribution"])
top_k.slip("top-k-argmax",
    "always the most probable token: nothing is drawn",
    "toujours le token le plus probable : rien n'est tiré",
    ("int(rng.choice(best, p=p / p.sum()))", "int(best[-1])"),
    hint=[("where rng is used", "où rng sert"),
          ("draw twenty times with two equal logits and k = 2: both must come",
           "tirez vingt fois avec deux logits égaux et k = 2 : les deux doivent sortir"),
          ("draw among the k best with rng instead of taking the best",
           "tirez avec rng parmi les k meilleurs au lieu de prendre le meilleur")],
    loses=["distribution", "chance"])
top_k.slip("top-k-one-more",
    "k + 1 tokens can come out",
    "k + 1 tokens peuvent sortir",
    ("[-k:]", "[-(k + 1) :]"),
    hint=[("the cut that keeps the best", "la coupe qui garde les meilleurs"),
          ("print how many tokens are left with k = 2", "affichez combien de tokens il reste avec k = 2"),
          ("keep exactly k: the (k+1)-th is out", "gardez-en exactement k : le (k+1)-ième est exclu")],
    loses=["distribution"])
top_k.slip("top-k-worst",
    "the k least probable tokens are kept",
    "ce sont les k tokens les moins probables qui sont gardés",
    ("[-k:]", "[:k]"),
    hint=[("which end of the sorted logits is kept", "quel bout des logits triés est gardé"),
          ("with logits 0, 1, 2 and k = 1, token 2 must come",
           "avec les logits 0, 1, 2 et k = 1, c'est le token 2 qui doit sortir"),
          ("argsort goes upwards: the best are at the end",
           "argsort va en montant : les meilleurs sont à la fin")],
    loses=["distribution"])

# ------------------------------------------------------------------ 4.3 beam search

beam = lab.exercise("beam", "4.3", "Beam search", "Recherche en faisceau", "beam_search",
    forbids=["keras_hub.samplers.BeamSampler"])


@beam.check("tokens", 1.0, "better than greedy", "mieux que le glouton",
    asked=("on made-up models where the greedy choice is not the best sequence",
           "sur des modèles inventés où le choix glouton n'est pas la meilleure suite"))
def _(draw: Draw, student: Student):
    found = instructive_tables(draw.rng)
    return student.probe(**{
        f"model_{i}": student.beam_search(table(x.logits), x.start, x.end, x.max_length, x.width)
        for i, x in enumerate(found)
    })


@beam.check("one", 0.25, "a beam of 1 is greedy", "un faisceau de 1 est glouton")
def _(draw: Draw, student: Student):
    x = ending_table(draw.rng)
    return student.beam_search(table(x.logits), x.start, x.end, x.max_length, 1)


beam.slip("beam-search-equal-to-greedy",
    "the result is greedy decoding's: only one hypothesis survives each step",
    "le résultat est celui du glouton : une seule hypothèse survit à chaque étape",
    ("[:beam_width]", "[:1]"),
    hint=[("how many hypotheses there are after the first step",
           "combien d'hypothèses il y a après le premier pas"),
          ("print the beam after one step with beam_width = 2: are there two different second tokens?",
           "affichez le faisceau après un pas avec beam_width = 2 : y a-t-il deux seconds tokens différents ?"),
          ("continue every hypothesis by every token, then keep the beam_width best of all",
           "prolongez chaque hypothèse par chaque token, puis gardez les beam_width meilleures de toutes")],
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
    (" - logits.max() - np.log(np.exp(logits - logits.max()).sum())", ""),
    hint=[("what is added to a score at each step", "ce qui s'ajoute au score à chaque pas"),
          ("add 5 to all logits of a row: no probability changes; does your score?",
           "ajoutez 5 à tous les logits d'une ligne : aucune probabilité ne change ; et votre score ?"),
          ("add the logarithm of the softmax, not the logits themselves",
           "ajoutez le logarithme du softmax, pas les logits eux-mêmes")],
    loses=["tokens"])
beam.slip("beam-summed-probabilities",
    "probabilities are added up; they multiply, so their logarithms add up",
    "les probabilités sont sommées ; elles se multiplient, ce sont leurs logarithmes qu'on somme",
    ("score + log_p[token]", "score + np.exp(log_p[token])"),
    hint=[("what is added to a score at each step", "ce qui s'ajoute au score à chaque pas"),
          ("0.9 then 0.1, or 0.5 then 0.4: which sequence is more probable, which has the larger sum?",
           "0,9 puis 0,1, ou 0,5 puis 0,4 : quelle suite est la plus probable, laquelle a la plus grande somme ?"),
          ("add logarithms of probabilities", "ajoutez des logarithmes de probabilités")],
    loses=["tokens"])
beam.slip("beam-ended-lost",
    "hypotheses that have ended are dropped",
    "les hypothèses terminées sont perdues",
    ("                candidates.append((score, tokens))\n", ""),
    ("        beam = sorted", "        beam = not candidates and beam or sorted"),
    hint=[("what becomes of a hypothesis whose last token is `end`",
           "ce que devient une hypothèse dont le dernier token est `end`"),
          ("print the beam at each step: when does the ended hypothesis vanish?",
           "affichez le faisceau à chaque pas : quand l'hypothèse terminée disparaît-elle ?"),
          ("carry it over unchanged among the candidates of the next step",
           "reportez-la telle quelle parmi les candidates du pas suivant")],
    loses=["tokens"])
beam.slip("beam-ended-continued",
    "hypotheses are continued after the end token",
    "des hypothèses sont poursuivies après le token de fin",
    ("if tokens[-1] == end:", "if False:"),
    hint=[("what becomes of a hypothesis whose last token is `end`",
           "ce que devient une hypothèse dont le dernier token est `end`"),
          ("print the result: does a token follow `end`?", "affichez le résultat : un token suit-il `end` ?"),
          ("don't call the model for it: it stays a candidate as it is",
           "n'appelez pas le modèle pour elle : elle reste candidate telle quelle")],
    loses=["tokens", "one"])
beam.slip("beam-first-ended",
    "the search stops as soon as one hypothesis has ended; others may still become more probable",
    "la recherche s'arrête dès qu'une hypothèse est terminée ; d'autres peuvent encore la dépasser",
    ("[:beam_width]\n",
     "[:beam_width]\n        for _, tokens in beam:\n            if tokens[-1] == end:\n                return tokens\n"),
    hint=[("what stops the loop over the steps", "ce qui arrête la boucle sur les pas"),
          ("the beam holds an ended hypothesis at -3.0 and a live one at -0.5: which one will win?",
           "le faisceau a une hypothèse terminée à -3,0 et une en cours à -0,5 : laquelle gagnera ?"),
          ("keep the ended one among the candidates and go on with the others",
           "gardez celle qui est terminée parmi les candidates et continuez avec les autres")],
    loses=["tokens"], mutant="""
def beam_search(next_logits, start, end, max_length, beam_width):
    beam = [([start], 0.0)]
    while len(beam[0][0]) < max_length:
        grown = []
        for tokens, score in beam:
            log_p = tf.nn.log_softmax(tf.cast(next_logits(tokens), tf.float64)).numpy()
            grown += [(tokens + [i], score + p) for i, p in enumerate(log_p)]
        beam = sorted(grown, key=lambda b: b[1])[::-1][:beam_width]
        ended = [tokens for tokens, _ in beam if tokens[-1] == end]
        if ended:
            return ended[0]
    return beam[0][0]
""")
beam.slip("beam-prefers-ended",
    "a hypothesis that has ended is preferred to a more probable one that has not",
    "une hypothèse terminée est préférée à une autre, plus probable, qui ne l'est pas",
    ("return beam[0][1]", "ended = [h for h in beam if h[1][-1] == end]\n    return (ended or beam)[0][1]"),
    hint=[("how the result is chosen after the last step", "comment le résultat est choisi après le dernier pas"),
          ("the beam ends with -0.5, not ended, and -3.0, ended: which has the higher log-probability?",
           "le faisceau finit avec -0,5, non terminée, et -3,0, terminée : laquelle a la plus grande log-probabilité ?"),
          ("return the hypothesis of highest log-probability, ended or not",
           "rendez l'hypothèse de plus grande log-probabilité, terminée ou non")],
    loses=["tokens"])
beam.slip("beam-length-normalised",
    "scores are divided by the length; no correction is asked for here",
    "les scores sont divisés par la longueur ; aucune correction n'est demandée ici",
    ("key=lambda c: -c[0])", "key=lambda c: -c[0] / len(c[1]))"),
    hint=[("the key by which hypotheses are ranked", "la clé selon laquelle les hypothèses sont classées"),
          ("scores -1.2 with 3 tokens and -1.5 with 6: which is the better one here?",
           "des scores de -1,2 pour 3 tokens et -1,5 pour 6 : laquelle est ici la meilleure ?"),
          ("rank by the sum of log-probabilities alone", "classez selon la seule somme des log-probabilités")],
    loses=["tokens"])
beam.slip("beam-worst",
    "the least probable hypotheses are kept",
    "ce sont les hypothèses les moins probables qui sont gardées",
    ("key=lambda c: -c[0])", "key=lambda c: c[0])"),
    hint=[("the direction of the sort", "le sens du tri"),
          ("sort the scores -1 and -3: which hypothesis is kept with a beam of 1?",
           "triez les scores -1 et -3 : quelle hypothèse reste avec un faisceau de 1 ?"),
          ("keep the largest log-probabilities, those nearest to 0",
           "gardez les plus grandes log-probabilités, les plus proches de 0")],
    loses=["tokens", "one"])
beam.slip("beam-last-token-only",
    "the model is shown the last token only, not all of them",
    "le modèle ne reçoit que le dernier token, pas tous",
    ("next_logits(tokens)", "next_logits(tokens[-1:])"),
    hint=[("what next_logits is called with", "ce avec quoi next_logits est appelée"),
          ("print the argument at the third step: three tokens are wanted",
           "affichez l'argument au troisième pas : on veut trois tokens"),
          ("give the model the whole hypothesis", "donnez au modèle toute l'hypothèse")],
    loses=["tokens", "one"])
