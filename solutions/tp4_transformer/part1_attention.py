"""1 of TP4: scaled dot-product attention, the causal mask, positions."""

from __future__ import annotations

import numpy as np
from lab import LIBRARY_ATTENTION, lab

from grader.authoring import Close, Draw, Student

# ------------------------------------------------------------------ 1.1 attention

attention = lab.exercise("attention", "1.1",
    "Scaled dot-product attention", "Attention par produit scalaire", "scaled_dot_product_attention",
    forbids=LIBRARY_ATTENTION,
    read=("section 1.1 and Vaswani et al., 3.2.1", "partie 1.1 et Vaswani et al., 3.2.1"))


@attention.check("values", 1.0, "values", "valeurs", picture="weights",
    asked=("softmax(q kᵀ / √d_k) v and its weights, for any leading axes",
           "softmax(q kᵀ / √d_k) v et ses poids, quels que soient les premiers axes"))
def _(draw: Draw, student: Student):
    t, s, dk, dv, b = draw.sizes(5, 2, 7)
    attend = student.scaled_dot_product_attention
    one = attend(draw.normal(t, dk), draw.normal(s, dk), draw.normal(s, dv))
    many = attend(draw.normal(b, 1, t, dk), draw.normal(b, 1, s, dk), draw.normal(b, 1, s, dv))
    return student.probe(output=one[0], weights=one[1], batch_output=many[0], batch_weights=many[1])


@attention.check("mask", 1.0, "mask", "masque", picture="weights",
    asked=("hidden keys weigh 0, the others still sum to 1; the mask broadcasts",
           "les clés cachées pèsent 0, la somme des autres vaut 1 ; le masque se diffuse"))
def _(draw: Draw, student: Student):
    t, s, dk, dv, b = draw.sizes(5, 3, 8)
    q, k, v = draw.normal(b, t, dk), draw.normal(b, s, dk), draw.normal(b, s, dv)
    attend = student.scaled_dot_product_attention
    pairs = attend(q, k, v, draw.mask(t, s))
    padded = attend(q, k, v, draw.mask(b, 1, s))
    one = attend(q[0], k[0], v[0], draw.mask(t, s))
    return student.probe(
        weights=one[1], output=pairs[0], all_weights=pairs[1], padded_output=padded[0]
    )


@attention.check("large_scores", 0.25, "large scores", "grands scores",
    asked=("no NaN when scores reach ±1000", "pas de NaN quand les scores atteignent ±1000"),
    # float32 keeps such scores to 1/2000
    expect={"output": Close(rtol=2e-3, atol=2e-3), "weights": Close(rtol=2e-3, atol=2e-3)})
def _(draw: Draw, student: Student):
    t, s, dk, dv = draw.sizes(4, 2, 7)
    for _ in range(20):  # until one key wins each row, whatever the scores are divided by
        q, k = draw.normal(t, dk, scale=40), draw.normal(s, dk, scale=40)
        best, second = np.sort(q @ k.T, axis=-1)[:, :-3:-1].T
        if (best - second).min() > 15 * dk:
            break
    one = student.scaled_dot_product_attention(q, k, draw.normal(s, dv))
    return student.probe(output=one[0], weights=one[1])


@attention.by_hand(0.5)
def _(draw: Draw, student: Student):
    t, s, dk, dv = draw.sizes(4)
    q, k, v = draw.normal(2, t, dk), draw.normal(2, s, dk), draw.normal(2, s, dv)
    return student.probe(weights=student.scaled_dot_product_attention(q, k, v, draw.mask(t, s))[1])


def in_tensorflow(
    scores: str = "scores / tf.sqrt(float(k.shape[-1]))",
    mask: str = "tf.where(m, scores, -np.inf)",
    weights: str = "tf.nn.softmax(scores)",
    after: str = "weights",
) -> str:
    """Attention in TensorFlow and einsum, four places open."""
    return f"""
def scaled_dot_product_attention(q, k, v, mask=None):
    q, k, v = (tf.cast(x, tf.float32) for x in (q, k, v))
    scores = tf.einsum("...td,...sd->...ts", q, k)
    scores = {scores}
    m = tf.constant(True) if mask is None else tf.cast(mask, tf.bool)
    if mask is not None:
        scores = {mask}
    weights = {weights}
    weights = {after}
    return tf.einsum("...ts,...sv->...tv", weights, v), weights
"""


DOT = "ops.matmul(q, ops.swapaxes(k, -1, -2))"
MASKED = "ops.where(mask, scores, -1e9)"
SOFTMAX = "weights = ops.softmax(scores, axis=-1)"

attention.slip("no-scale",
    "the scores are not divided by √d_k",
    "les scores ne sont pas divisés par √d_k",
    (f"{DOT} / math.sqrt(q.shape[-1])\n    if", f"{DOT}\n    if"),
    hint=[("the line that makes the scores, before the mask",
           "la ligne qui fait les scores, avant le masque"),
          ("what is the variance of a sum of d_k products of Gaussian numbers? Try d_k = 64",
           "quelle est la variance d'une somme de d_k produits de nombres gaussiens ? Essayez d_k = 64"),
          ("bring this variance back to 1: divide the scores by its root",
           "ramenez cette variance à 1 : divisez les scores par sa racine")],
    loses=["values", "mask"], mutant=in_tensorflow(scores="scores"))
attention.slip("scale-by-dk",
    "the scores are divided by d_k instead of √d_k",
    "les scores sont divisés par d_k au lieu de √d_k",
    ("math.sqrt(q.shape[-1])", "q.shape[-1]"),
    hint=[("the number that divides the scores", "le nombre qui divise les scores"),
          ("with d_k = 64 and Gaussian queries and keys, the scores deviate by 8: by what do you divide?",
           "avec d_k = 64, requêtes et clés gaussiennes, l'écart-type des scores est 8 : par quoi divisez-vous ?"),
          ("divide by the root of a key's size, not by that size",
           "divisez par la racine de la taille d'une clé, pas par cette taille")],
    loses=["values", "mask"], mutant=in_tensorflow(scores="scores / k.shape[-1]"))
attention.slip("multiply-by-sqrt-dk",
    "the scores are multiplied by √d_k instead of divided",
    "les scores sont multipliés par √d_k au lieu d'être divisés",
    ("/ math.sqrt", "* math.sqrt"),
    hint=[("the operation between the scores and √d_k", "l'opération entre les scores et √d_k"),
          ("one query and one key, both (1, 1, 1, 1): the score to find is 2; is yours 8?",
           "une requête et une clé, toutes deux (1, 1, 1, 1) : on doit trouver 2 ; trouvez-vous 8 ?"),
          ("scores of large vectors must become smaller: divide",
           "les scores de grands vecteurs doivent rétrécir : divisez")],
    loses=["values", "mask"], mutant=in_tensorflow(scores="scores * k.shape[-1] ** 0.5"))
attention.slip("scale-by-sqrt-dv",
    "the scores are divided by √d_v: the size of the values has no part in them",
    "les scores sont divisés par √d_v : la taille des valeurs n'y joue aucun rôle",
    ("math.sqrt(q.shape[-1])", "math.sqrt(v.shape[-1])"),
    hint=[("the array whose size goes under the root", "le tableau dont la taille va sous la racine"),
          ("repeat the columns of v: the weights must not move",
           "répétez les colonnes de v : les poids ne doivent pas bouger"),
          ("the scores come from queries and keys: take the size of one of these",
           "les scores viennent des requêtes et des clés : prenez la taille de l'une d'elles")],
    loses=["values", "mask"])
attention.slip("softmax-over-queries",
    "the softmax runs over the queries: columns sum to 1 instead of rows",
    "le softmax parcourt les requêtes : la somme des colonnes vaut 1, pas celle des lignes",
    ("axis=-1", "axis=-2"),
    hint=[("the axis of the softmax", "l'axe du softmax"),
          ("add up the weights along each of the two last axes: which sums are 1?",
           "sommez les poids le long de chacun des deux derniers axes : lesquelles de ces sommes valent 1 ?"),
          ("each query shares out one unit among the keys: normalise along the axis of the keys",
           "chaque requête partage une unité entre les clés : normalisez le long de l'axe des clés")],
    loses=["values", "mask", "large_scores"],
    mutant=in_tensorflow(weights="tf.nn.softmax(scores, axis=-2)", mask="tf.where(m, scores, -1e9)"))
attention.slip("no-softmax",
    "the scores are used as weights, without a softmax",
    "les scores servent de poids, sans softmax",
    ("ops.softmax(scores, axis=-1)", "scores"),
    hint=[("what happens between the scores and the product with v",
           "ce qui se passe entre les scores et le produit par v"),
          ("print one row of the weights: are they positive, do they add up to 1?",
           "affichez une ligne des poids : sont-ils positifs, leur somme vaut-elle 1 ?"),
          ("make each row of scores a distribution before it weighs the values",
           "faites de chaque ligne de scores une distribution avant de peser les valeurs")],
    loses=["values", "mask", "large_scores"])
attention.slip("mask-inverted",
    "the mask is read the wrong way round: True hides instead of showing",
    "le masque est lu à l'envers : True cache au lieu de montrer",
    (MASKED, "ops.where(mask, -1e9, scores)"),
    hint=[("which scores keep their value where the mask is True",
           "quels scores gardent leur valeur là où le masque vaut True"),
          ("give two equal keys and the mask [[True, False]]: (1, 0) is to come out",
           "donnez deux clés égales et le masque [[True, False]] : il doit sortir (1, 0)"),
          ("True means “may be seen”: replace the scores where the mask is False",
           "True veut dire « peut être vu » : remplacez les scores là où le masque vaut False")],
    loses=["mask"], mutant=in_tensorflow(mask="scores + tf.cast(m, tf.float32) * -1e9"))
attention.slip("mask-multiplied-into-scores",
    "hidden scores become 0 (multiplied by the mask?): a score of 0 still gets weight exp(0) = 1",
    "les scores cachés deviennent 0 (multipliés par le masque ?) : un score nul garde le poids exp(0) = 1",
    (MASKED, 'scores * ops.cast(mask, "float32")'),
    hint=[("the score that a hidden key is left with", "le score qui reste à une clé cachée"),
          ("work out the softmax of (1, 0) by hand: is the second weight 0?",
           "calculez à la main le softmax de (1, 0) : le second poids est-il nul ?"),
          ("a weight vanishes only if its score is very negative: replace it, don't multiply it",
           "un poids ne s'annule que si son score est très négatif : remplacez-le, ne le multipliez pas")],
    loses=["mask"], mutant=in_tensorflow(mask="scores * tf.cast(m, scores.dtype)"))
attention.slip("mask-after-softmax",
    "the mask comes after the softmax: the remaining weights no longer sum to 1",
    "le masque vient après le softmax : la somme des poids restants ne vaut plus 1",
    (f"        scores = {MASKED}\n    {SOFTMAX}\n",
     f'        {SOFTMAX} * ops.cast(mask, "float32")\n    else:\n        {SOFTMAX}\n'),
    hint=[("the order of softmax and mask", "l'ordre du softmax et du masque"),
          ("hide one of two equal keys and add up the weights: 1 or 0.5?",
           "cachez une de deux clés égales et sommez les poids : 1 ou 0,5 ?"),
          ("hide the scores first; the softmax then shares the whole unit among the keys that are left",
           "cachez d'abord les scores ; le softmax partage alors toute l'unité entre les clés qui restent")],
    loses=["mask"], mutant=in_tensorflow(mask="scores", after="tf.where(m, weights, 0.0)"))
attention.slip("mask-ignored",
    "the mask is not used",
    "le masque n'est pas utilisé",
    (MASKED, "scores"),
    hint=[("every place where `mask` occurs in your function",
           "chaque endroit où `mask` apparaît dans votre fonction"),
          ("call it with and without a mask: do the weights differ?",
           "appelez-la avec et sans masque : les poids diffèrent-ils ?"),
          ("if a mask is given, make the hidden scores very negative before the softmax",
           "si un masque est donné, rendez les scores cachés très négatifs avant le softmax")],
    loses=["mask"])
attention.slip("outputs-swapped",
    "the weights are returned first and the output second: the contract has (output, weights)",
    "les poids sont rendus d'abord, la sortie ensuite : le contrat veut (output, weights)",
    ("return ops.matmul(weights, v), weights", "return weights, ops.matmul(weights, v)"),
    hint=[("the last line, and Returns in the docstring", "la dernière ligne, et Returns dans la docstring"),
          ("print both shapes with S ≠ d_v: the first must be (T, d_v)",
           "affichez les deux formes avec S ≠ d_v : la première doit être (T, d_v)"),
          ("return the weighted values first, the weights second",
           "rendez d'abord les valeurs pondérées, ensuite les poids")],
    loses=["values", "mask", "large_scores"])
attention.slip("exp-overflow",
    "the softmax overflows: exp of a large score is infinite, and inf/inf is NaN",
    "le softmax déborde : l'exponentielle d'un grand score est infinie, et inf/inf donne NaN",
    (SOFTMAX,
     "weights = ops.exp(scores)\n    weights = weights / ops.sum(weights, axis=-1, keepdims=True)"),
    hint=[("the exponential", "l'exponentielle"),
          ("print np.exp(np.float32(100)), then divide it by itself",
           "affichez np.exp(np.float32(100)), puis divisez ce nombre par lui-même"),
          ("subtracting the same number from a row changes no probability: take its largest score",
           "retrancher un même nombre à une ligne ne change aucune probabilité : prenez son plus grand score")],
    loses=["large_scores"])
attention.mutant("library-attention", ["by_hand"], named="", change="""
from keras.layers import Attention as Ready


def scaled_dot_product_attention(q, k, v, mask=None):
    lead = q.shape[:-2]
    flat = lambda a: tf.reshape(a, (-1, a.shape[-2], a.shape[-1]))
    q3, k3, v3 = flat(q), flat(k), flat(v)
    T, S = q.shape[-2], k.shape[-2]
    if mask is not None:
        mask = flat(tf.broadcast_to(mask, (*lead, T, S)))
        q3 = tf.repeat(q3, T, axis=0)
    scores = tf.matmul(flat(q), k3, transpose_b=True) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = tf.where(mask, scores, -1e9)
    weights = tf.reshape(tf.nn.softmax(scores), (*lead, T, S))
    ready = Ready()([tf.reshape(q, (-1, T, q.shape[-1])), v3, k3])
    return tf.matmul(weights, v) + 0.0 * tf.reduce_sum(ready), weights
""")

# ------------------------------------------------------------------ 1.2 causal mask

masks = lab.exercise("masks", "1.2", "Causal mask", "Masque causal", "causal_mask")


@masks.check("causal", 0.75, "who may see whom", "qui voit qui", picture="out",
    asked=("an array in which position i sees j ≤ i", "un tableau où la position i voit j ≤ i"))
def _(draw: Draw, student: Student):
    longer, shorter = sorted(draw.sizes(2, 4, 9), reverse=True)
    mask = student.causal_mask(longer)
    # Lists of lists have no axes, and no layer takes them.
    return student.probe(out=mask, shorter=student.causal_mask(shorter), axes=mask.ndim)


masks.slip("causal-off-by-one",
    "the mask is one off: position i sees j ≤ i + 1, so the answer itself",
    "le masque est décalé d'un cran : la position i voit j ≤ i + 1, donc la réponse",
    ("dtype=bool))", "dtype=bool), k=1)"),
    hint=[("the diagonal just above the main one", "la diagonale juste au-dessus de la principale"),
          ("print causal_mask(3): its rows must hold one, two and three True",
           "affichez causal_mask(3) : ses lignes doivent contenir un, deux et trois True"),
          ("stop at the position itself: it does not see the next one",
           "arrêtez-vous à la position elle-même : elle ne voit pas la suivante")],
    loses=["causal"], mutant="""
def causal_mask(length):
    i = tf.range(length)[:, None]
    j = tf.range(length)[None, :]
    return j <= i + 1
""")
masks.slip("causal-strict",
    "position i does not see itself (j < i): the first row is empty",
    "la position i ne se voit pas elle-même (j < i) : la première ligne est vide",
    ("dtype=bool))", "dtype=bool), k=-1)"),
    hint=[("the main diagonal", "la diagonale principale"),
          ("print causal_mask(1): a position alone has itself to look at",
           "affichez causal_mask(1) : une position seule n'a qu'elle-même à regarder"),
          ("include the position itself: j ≤ i, not j < i",
           "incluez la position elle-même : j ≤ i, pas j < i")],
    loses=["causal"])
masks.slip("causal-transposed",
    "the mask shows the future and hides the past: rows are queries",
    "le masque montre le futur et cache le passé : les lignes sont les requêtes",
    ("np.tril", "np.triu"),
    hint=[("which index runs down the rows: who looks, or who is seen?",
           "l'indice qui parcourt les lignes : qui regarde, ou qui est vu ?"),
          ("print causal_mask(3): the first row must be True, False, False",
           "affichez causal_mask(3) : la première ligne doit être True, False, False"),
          ("keep the other triangle: row i shows what position i may see",
           "gardez l'autre triangle : la ligne i montre ce que voit la position i")],
    loses=["causal"])
masks.slip("causal-inverted",
    "True and False are exchanged: True means “may be seen”",
    "True et False sont échangés : True veut dire « peut être vu »",
    ("np.tril(np.ones((length, length), dtype=bool))",
     "~np.tril(np.ones((length, length), dtype=bool))"),
    hint=[("what True says in this lab", "ce que dit True dans ce TP"),
          ("print causal_mask(2): the corner at the upper right is the only False",
           "affichez causal_mask(2) : le coin en haut à droite est le seul False"),
          ("exchange True and False: True where the position may be seen",
           "échangez True et False : True là où la position peut être vue")],
    loses=["causal"])

# ------------------------------------------------------------------ 1.3 positions

positions = lab.exercise("positions", "1.3", "Positions", "Positions", "positional_encoding",
    forbids=["keras_hub.layers.SinePositionEncoding",
             "tensorflow_models.nlp.layers.RelativePositionEmbedding"],
    read=("section 1.3 and Vaswani et al., 3.5", "partie 1.3 et Vaswani et al., 3.5"))


@positions.check("values", 0.75, "values", "valeurs", picture="out",
    asked=("sines in even columns, cosines in odd ones, wavelengths 2π to 2π·10000",
           "sinus dans les colonnes paires, cosinus dans les impaires, périodes de 2π à 2π·10000"),
    expect={"out": Close(atol=1e-4), "longer": Close(atol=1e-4)})
def _(draw: Draw, student: Student):
    length, half, longer = draw.sizes(3, 4, 12)
    return student.probe(
        out=student.positional_encoding(length, 2 * half + 2),
        longer=student.positional_encoding(longer + 20, 2 * half),
    )


positions.slip("pe-sin-cos-concatenated",
    "all sines come first, then all cosines; here they alternate, column by column",
    "tous les sinus viennent d'abord, puis tous les cosinus ; ici ils alternent, colonne par colonne",
    ("table[:, 0::2]", "table[:, : d_model // 2]"), ("table[:, 1::2]", "table[:, d_model // 2 :]"),
    hint=[("where the sines and where the cosines go in the table",
           "où vont les sinus et où vont les cosinus dans la table"),
          ("print positional_encoding(1, 4): position 0 must give 0, 1, 0, 1",
           "affichez positional_encoding(1, 4) : la position 0 doit donner 0, 1, 0, 1"),
          ("fill every second column with sines and those between with cosines",
           "remplissez une colonne sur deux de sinus, celles d'entre elles de cosinus")],
    loses=["values"], mutant="""
def positional_encoding(length, d_model):
    rates = 1 / tf.pow(10000.0, tf.range(0, d_model, 2, dtype=tf.float32) / d_model)
    angles = tf.range(length, dtype=tf.float32)[:, tf.newaxis] * rates
    return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)
""")
positions.slip("pe-sin-cos-swapped",
    "sines and cosines are exchanged",
    "sinus et cosinus sont échangés",
    ("np.sin", "np.c_os"), ("np.cos", "np.sin"), ("np.c_os", "np.cos"),
    hint=[("which of the two functions goes into column 0",
           "laquelle des deux fonctions va dans la colonne 0"),
          ("print positional_encoding(1, 4): sin 0 = 0 must come first",
           "affichez positional_encoding(1, 4) : sin 0 = 0 doit venir en premier"),
          ("even columns are sines, odd ones cosines",
           "les colonnes paires sont des sinus, les impaires des cosinus")],
    loses=["values"])
positions.slip("pe-exponent-doubled",
    "the exponent of column 2i is 2i/d_model; here the 2 counts twice",
    "l'exposant de la colonne 2i est 2i/d_model ; ici le 2 compte deux fois",
    ("np.arange(0, d_model, 2) / d_model", "2 * np.arange(0, d_model, 2) / d_model"),
    hint=[("the exponent of 10000, and what your index counts: pairs or columns",
           "l'exposant de 10000, et ce que compte votre indice : des paires ou des colonnes"),
          ("with d_model = 4, the angle in column 2 is t/100; yours is t/10000?",
           "avec d_model = 4, l'angle de la colonne 2 est t/100 ; chez vous t/10000 ?"),
          ("an index that goes 0, 2, 4, … is 2i already: don't double it again",
           "un indice qui va 0, 2, 4, … est déjà 2i : ne le doublez pas")],
    loses=["values"])
positions.slip("pe-exponent-halved",
    "the exponent of column 2i is 2i/d_model; here it is i/d_model",
    "l'exposant de la colonne 2i est 2i/d_model ; ici c'est i/d_model",
    ("np.arange(0, d_model, 2) / d_model", "np.arange(d_model // 2) / d_model"),
    hint=[("the exponent of 10000, and what your index counts: pairs or columns",
           "l'exposant de 10000, et ce que compte votre indice : des paires ou des colonnes"),
          ("with d_model = 4, the angle in column 2 is t/100; yours is t/10?",
           "avec d_model = 4, l'angle de la colonne 2 est t/100 ; chez vous t/10 ?"),
          ("an index that goes 0, 1, 2, … is i: the exponent needs twice that",
           "un indice qui va 0, 1, 2, … est i : l'exposant en veut le double")],
    loses=["values"])
positions.slip("pe-exponent-each-column",
    "sine and cosine of a pair must share their angle; here every column has an exponent of its own",
    "sinus et cosinus d'une paire partagent leur angle ; ici chaque colonne a son propre exposant",
    ("angles = t / 10000 ** (np.arange(0, d_model, 2) / d_model)",
     "angles = t / 10000 ** (np.arange(d_model) / d_model)"),
    ("np.sin(angles)", "np.sin(angles[:, 0::2])"), ("np.cos(angles)", "np.cos(angles[:, 1::2])"),
    hint=[("how many different angles there are at one position",
           "combien d'angles différents il y a à une position"),
          ("sin² + cos² of columns 0 and 1, then of columns 2 and 3: 1 each time?",
           "sin² + cos² des colonnes 0 et 1, puis 2 et 3 : 1 à chaque fois ?"),
          ("compute d_model/2 angles and use each twice: for a sine and for the cosine beside it",
           "calculez d_model/2 angles et servez-vous de chacun deux fois : pour un sinus et pour le cosinus voisin")],
    loses=["values"])
positions.slip("pe-starts-at-one",
    "positions are counted from 1; they start at 0",
    "les positions sont comptées à partir de 1 ; elles partent de 0",
    ("np.arange(length)[:, None]", "np.arange(1, length + 1)[:, None]"),
    hint=[("the range of t", "l'intervalle parcouru par t"),
          ("print the first row: angles of 0 give 0, 1, 0, 1, …",
           "affichez la première ligne : des angles nuls donnent 0, 1, 0, 1, …"),
          ("let t go from 0 to length - 1", "faites aller t de 0 à length - 1")],
    loses=["values"])
