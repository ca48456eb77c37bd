"""The named mistakes of TP4: what each is called, what is said to the student, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import counts

from grader.authoring import LabSpec, Text


@dataclass(frozen=True)
class Slip:
    """A mistake made by editing (or replacing) the solution of one exercise."""

    id: str
    exercise: str
    text: Text
    edits: tuple[tuple[str, str], ...] = ()
    hint: Text | None = None
    code: str = ""


def slip(
    id: str,
    exercise: str,
    en: str,
    fr: str,
    *edits: tuple[str, str],
    hint: tuple[str, str] | None = None,
    code: str = "",
) -> Slip:
    return Slip(
        id,
        exercise,
        Text(en=en, fr=fr),
        edits,
        Text(en=hint[0], fr=hint[1]) if hint else None,
        code,
    )


SCORES = "ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])\n    if"
DOT = "ops.matmul(q, ops.swapaxes(k, -1, -2))"
FIRST = (
    "attended, _ = self.attention(x, x, x, attention_mask)\n        x = self.norm1(x + attended)"
)
SECOND = "return self.norm2(x + self.feed_forward(x))"

SLIPS = [
    slip(
        "pe-sin-cos-concatenated",
        "positions",
        "all sines come first, then all cosines; here they alternate, column by column",
        "tous les sinus viennent d'abord, puis tous les cosinus ; ici ils alternent, colonne par colonne",
        ("table[:, 0::2]", "table[:, : d_model // 2]"),
        ("table[:, 1::2]", "table[:, d_model // 2 :]"),
    ),
    slip(
        "pe-sin-cos-swapped",
        "positions",
        "sines and cosines are exchanged",
        "sinus et cosinus sont échangés",
        ("np.sin", "np.c_os"),
        ("np.cos", "np.sin"),
        ("np.c_os", "np.cos"),
    ),
    slip(
        "pe-exponent-doubled",
        "positions",
        "the exponent of column 2i is 2i/d_model; here the 2 counts twice",
        "l'exposant de la colonne 2i est 2i/d_model ; ici le 2 compte deux fois",
        ("np.arange(0, d_model, 2) / d_model", "2 * np.arange(0, d_model, 2) / d_model"),
    ),
    slip(
        "pe-exponent-halved",
        "positions",
        "the exponent of column 2i is 2i/d_model; here it is i/d_model",
        "l'exposant de la colonne 2i est 2i/d_model ; ici c'est i/d_model",
        ("np.arange(0, d_model, 2) / d_model", "np.arange(d_model // 2) / d_model"),
    ),
    slip(
        "pe-exponent-each-column",
        "positions",
        "sine and cosine of a pair must share their angle; here every column has an exponent of its own",
        "sinus et cosinus d'une paire partagent leur angle ; ici chaque colonne a son propre exposant",
        (
            "angles = t / 10000 ** (np.arange(0, d_model, 2) / d_model)",
            "angles = t / 10000 ** (np.arange(d_model) / d_model)",
        ),
        ("np.sin(angles)", "np.sin(angles[:, 0::2])"),
        ("np.cos(angles)", "np.cos(angles[:, 1::2])"),
    ),
    slip(
        "pe-starts-at-one",
        "positions",
        "positions are counted from 1; they start at 0",
        "les positions sont comptées à partir de 1 ; elles partent de 0",
        ("np.arange(length)[:, None]", "np.arange(1, length + 1)[:, None]"),
    ),
    slip(
        "scale-by-sqrt-dmodel",
        "heads",
        "the scores are divided by √d_model; each head's queries have d_k dimensions",
        "les scores sont divisés par √d_model ; dans chaque tête une requête a d_k dimensions",
        (
            "scaled_dot_product_attention(q, k, v, attention_mask)",
            "scaled_dot_product_attention(q * math.sqrt(self.key_dim / query.shape[-1]), k, v, attention_mask)",
        ),
    ),
    slip(
        "softmax-over-heads",
        "heads",
        "the softmax runs over the heads: each head must share out its own attention",
        "le softmax parcourt les têtes : chaque tête doit partager sa propre attention",
        (
            "heads, weights = scaled_dot_product_attention(q, k, v, attention_mask)",
            "scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / math.sqrt(self.key_dim)\n"
            "        scores = scores if attention_mask is None else ops.where(attention_mask, scores, -1e9)\n"
            "        weights = ops.softmax(scores, axis=1)\n"
            "        heads = ops.matmul(weights, v)",
        ),
    ),
    slip(
        "merge-heads-without-transpose",
        "heads",
        "the heads are merged before they are moved back next to each other: tokens get mixed up",
        "les têtes sont fusionnées sans avoir été ramenées côte à côte : les tokens se mélangent",
        (
            "heads = ops.transpose(heads, (0, 2, 1, 3))\n        merged = ops.reshape(heads, (-1, heads.shape[1],",
            "merged = ops.reshape(heads, (-1, heads.shape[2],",
        ),
        hint=(
            "which axis must come just before d_v when the two are merged?",
            "quel axe doit précéder d_v quand on fusionne les deux ?",
        ),
    ),
    slip(
        "split-heads-without-transpose",
        "heads",
        "the projections are cut into heads by a reshape to (B, H, T, d) directly: tokens get mixed up",
        "les projections sont découpées par un reshape direct vers (B, H, T, d) : les tokens se mélangent",
        (
            "x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))\n            return ops.transpose(x, (0, 2, 1, 3))",
            "return ops.reshape(x, (-1, self.num_heads, x.shape[1], size))",
        ),
    ),
    slip(
        "head-interleave",
        "heads",
        "the units are dealt out to the heads one by one; a head owns neighbouring units",
        "les unités sont distribuées une à une entre les têtes ; une tête possède des unités voisines",
        (
            "x = ops.reshape(x, (-1, x.shape[1], self.num_heads, size))\n            return ops.transpose(x, (0, 2, 1, 3))",
            "x = ops.reshape(x, (-1, x.shape[1], size, self.num_heads))\n            return ops.transpose(x, (0, 3, 1, 2))",
        ),
    ),
    slip(
        "merge-interleaved",
        "heads",
        "the heads' outputs are interleaved when they are merged; they are laid one after the other",
        "les sorties des têtes sont entrelacées à la fusion ; elles se suivent l'une après l'autre",
        (
            "heads = ops.transpose(heads, (0, 2, 1, 3))",
            "heads = ops.transpose(heads, (0, 2, 3, 1))",
        ),
    ),
    slip(
        "no-output-projection",
        "heads",
        "the heads are concatenated but not mixed by a last projection",
        "les têtes sont concaténées mais pas mélangées par une dernière projection",
        ("return self.output_dense(merged), weights", "return merged, weights"),
    ),
    slip(
        "no-bias",
        "heads",
        "the projections have no bias",
        "les projections n'ont pas de biais",
        (
            "self.query_dense = keras.layers.Dense(num_heads * key_dim)",
            "self.query_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
        ),
        (
            "self.key_dense = keras.layers.Dense(num_heads * key_dim)",
            "self.key_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
        ),
        (
            "self.value_dense = keras.layers.Dense(num_heads * value_dim)",
            "self.value_dense = keras.layers.Dense(num_heads * value_dim, use_bias=False)",
        ),
        (
            "self.output_dense = keras.layers.Dense(d_model)",
            "self.output_dense = keras.layers.Dense(d_model, use_bias=False)",
        ),
    ),
    slip(
        "no-output-bias",
        "heads",
        "the last projection has no bias",
        "la dernière projection n'a pas de biais",
        (
            "self.output_dense = keras.layers.Dense(d_model)",
            "self.output_dense = keras.layers.Dense(d_model, use_bias=False)",
        ),
    ),
    slip(
        "only-output-bias",
        "heads",
        "queries, keys and values have no bias",
        "requêtes, clés et valeurs n'ont pas de biais",
        (
            "self.query_dense = keras.layers.Dense(num_heads * key_dim)",
            "self.query_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
        ),
        (
            "self.key_dense = keras.layers.Dense(num_heads * key_dim)",
            "self.key_dense = keras.layers.Dense(num_heads * key_dim, use_bias=False)",
        ),
        (
            "self.value_dense = keras.layers.Dense(num_heads * value_dim)",
            "self.value_dense = keras.layers.Dense(num_heads * value_dim, use_bias=False)",
        ),
    ),
    slip(
        "qk-swapped",
        "heads",
        "queries and keys are exchanged: query_dense is applied to the keys and key_dense to the queries",
        "requêtes et clés sont échangées : query_dense est appliquée aux clés et key_dense aux requêtes",
        (
            "q = split(self.query_dense(query), self.key_dim)",
            "q = split(self.key_dense(query), self.key_dim)",
        ),
        (
            "k = split(self.key_dense(key), self.key_dim)",
            "k = split(self.query_dense(key), self.key_dim)",
        ),
    ),
    slip(
        "key-dim-is-d-model",
        "heads",
        "each head has d_model dimensions instead of key_dim and value_dim",
        "chaque tête a d_model dimensions au lieu de key_dim et value_dim",
        ("self.key_dim = key_dim", "self.key_dim = key_dim = d_model"),
        ("self.value_dim = value_dim", "self.value_dim = value_dim = d_model"),
    ),
    slip(
        "values-from-keys",
        "heads",
        "the values are made from the key argument instead of value",
        "les valeurs viennent de l'argument key au lieu de value",
        ("self.value_dense(value)", "self.value_dense(key)"),
    ),
    slip(
        "heads-mask-dropped",
        "heads",
        "the mask is not handed on to the attention",
        "le masque n'est pas transmis à l'attention",
        (
            "scaled_dot_product_attention(q, k, v, attention_mask)",
            "scaled_dot_product_attention(q, k, v)",
        ),
    ),
    slip(
        "eps-outside-sqrt",
        "norm",
        "epsilon is added to the standard deviation, outside the root; it belongs to the variance",
        "epsilon est ajouté à l'écart-type, hors de la racine ; il va avec la variance",
        ("ops.sqrt(variance + epsilon)", "(ops.sqrt(variance) + epsilon)"),
    ),
    slip(
        "norm-over-tokens",
        "norm",
        "the mean is taken over the tokens; each token is normalised on its own",
        "la moyenne est prise sur les tokens ; chaque token se normalise seul",
        ("mean = ops.mean(x, axis=-1,", "mean = ops.mean(x, axis=-2,"),
        ("ops.square(x - mean), axis=-1", "ops.square(x - mean), axis=-2"),
    ),
    slip(
        "norm-divided-by-variance",
        "norm",
        "division by the variance instead of its root",
        "division par la variance au lieu de sa racine",
        ("ops.sqrt(variance + epsilon)", "(variance + epsilon)"),
    ),
    slip(
        "norm-unbiased-variance",
        "norm",
        "the variance divides by d_model - 1; a normalisation divides by d_model",
        "la variance divise par d_model - 1 ; une normalisation divise par d_model",
        (
            "variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)",
            "variance = ops.sum(ops.square(x - mean), axis=-1, keepdims=True) / (x.shape[-1] - 1)",
        ),
    ),
    slip(
        "norm-no-weights",
        "norm",
        "gamma and beta are not used",
        "gamma et beta ne sont pas utilisés",
        ("gamma * (x - mean)", "(x - mean)"),
        (" + beta", ""),
    ),
    slip(
        "norm-epsilon-ignored",
        "norm",
        "epsilon is not used",
        "epsilon n'est pas utilisé",
        ("variance + epsilon", "variance"),
    ),
    slip(
        "ff-no-relu",
        "feed_forward",
        "there is no ReLU between the two layers",
        "il n'y a pas de ReLU entre les deux couches",
        (', activation="relu"', ""),
    ),
    slip(
        "ff-relu-last",
        "feed_forward",
        "a ReLU follows the second layer too: its output can no longer be negative",
        "une ReLU suit aussi la deuxième couche : la sortie ne peut plus être négative",
        ("keras.layers.Dense(d_model)", 'keras.layers.Dense(d_model, activation="relu")'),
    ),
    slip(
        "ff-gelu",
        "feed_forward",
        "a GELU stands where the article has a ReLU",
        "une GELU remplace la ReLU de l'article",
        ('"relu"', '"gelu"'),
    ),
    slip(
        "pre-norm-for-post-norm",
        "encoder",
        "the normalisation comes before each sub-layer (pre-norm); here it follows the addition",
        "la normalisation précède chaque sous-couche (pré-norm) ; ici elle suit l'addition",
        (
            FIRST,
            "z = self.norm1(x)\n        attended, _ = self.attention(z, z, z, attention_mask)\n        x = x + attended",
        ),
        (SECOND, "return x + self.feed_forward(self.norm2(x))"),
    ),
    slip(
        "wrong-eps",
        "encoder",
        "epsilon is Keras' default (0.001) instead of the one asked for",
        "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
        (
            "self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)",
            "self.norm1 = keras.layers.LayerNormalization()",
        ),
        (
            "self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)",
            "self.norm2 = keras.layers.LayerNormalization()",
        ),
    ),
    slip(
        "missing-residual",
        "encoder",
        "the input is not added back: the residual connections are missing",
        "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
        ("self.norm1(x + attended)", "self.norm1(attended)"),
        ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
    ),
    slip(
        "missing-residual-attention",
        "encoder",
        "the input is not added back after the attention",
        "l'entrée n'est pas rajoutée après l'attention",
        ("self.norm1(x + attended)", "self.norm1(attended)"),
    ),
    slip(
        "missing-residual-feed-forward",
        "encoder",
        "the input is not added back after the feed-forward network",
        "l'entrée n'est pas rajoutée après le réseau dense",
        ("self.norm2(x + self.feed_forward(x))", "self.norm2(self.feed_forward(x))"),
    ),
    slip(
        "residual-outside-norm",
        "encoder",
        "the normalisation is applied before the addition; it comes after",
        "la normalisation est faite avant l'addition ; elle vient après",
        ("self.norm1(x + attended)", "x + self.norm1(attended)"),
        (SECOND, "return x + self.norm2(self.feed_forward(x))"),
    ),
    slip(
        "norms-shared",
        "encoder",
        "one normalisation serves twice; each place has its own",
        "une même normalisation sert deux fois ; chaque place a la sienne",
        ("self.norm2(x + ", "self.norm1(x + "),
    ),
    slip(
        "encoder-mask-dropped",
        "encoder",
        "the mask is not handed on to the attention",
        "le masque n'est pas transmis à l'attention",
        ("(x, x, x, attention_mask)", "(x, x, x)"),
    ),
    slip(
        "cross-attention-on-self",
        "decoder",
        "the second attention looks at the target again; its keys and values come from the encoder",
        "la seconde attention regarde encore la cible ; ses clés et valeurs viennent de l'encodeur",
        (
            "self.cross_attention(x, memory, memory, memory_mask)",
            "self.cross_attention(x, x, x, attention_mask)",
        ),
    ),
    slip(
        "decoder-missing-residual",
        "decoder",
        "the input is not added back: the residual connections are missing",
        "l'entrée n'est pas rajoutée : les connexions résiduelles manquent",
        ("self.norm1(x + attended)", "self.norm1(attended)"),
        ("self.norm2(x + attended)", "self.norm2(attended)"),
        ("self.norm3(x + self.feed_forward(x))", "self.norm3(self.feed_forward(x))"),
    ),
    slip(
        "decoder-missing-cross-residual",
        "decoder",
        "the input is not added back after the cross-attention",
        "l'entrée n'est pas rajoutée après l'attention croisée",
        ("self.norm2(x + attended)", "self.norm2(attended)"),
    ),
    slip(
        "decoder-pre-norm",
        "decoder",
        "the normalisation comes before each sub-layer (pre-norm); here it follows the addition",
        "la normalisation précède chaque sous-couche (pré-norm) ; ici elle suit l'addition",
        (
            "attended, _ = self.self_attention(x, x, x, attention_mask)\n        x = self.norm1(x + attended)",
            "z = self.norm1(x)\n        attended, _ = self.self_attention(z, z, z, attention_mask)\n        x = x + attended",
        ),
        (
            "attended, _ = self.cross_attention(x, memory, memory, memory_mask)\n        x = self.norm2(x + attended)",
            "attended, _ = self.cross_attention(self.norm2(x), memory, memory, memory_mask)\n        x = x + attended",
        ),
        (
            "return self.norm3(x + self.feed_forward(x))",
            "return x + self.feed_forward(self.norm3(x))",
        ),
    ),
    slip(
        "decoder-wrong-eps",
        "decoder",
        "epsilon is Keras' default (0.001) instead of the one asked for",
        "epsilon est celui de Keras par défaut (0,001) au lieu de celui demandé",
        *(
            (
                f"self.norm{i} = keras.layers.LayerNormalization(epsilon=epsilon)",
                f"self.norm{i} = keras.layers.LayerNormalization()",
            )
            for i in (1, 2, 3)
        ),
    ),
    slip(
        "decoder-mask-dropped",
        "decoder",
        "the self-attention does not receive its mask: the decoder sees the future",
        "l'auto-attention ne reçoit pas son masque : le décodeur voit le futur",
        ("self.self_attention(x, x, x, attention_mask)", "self.self_attention(x, x, x)"),
    ),
    slip(
        "memory-mask-dropped",
        "decoder",
        "the cross-attention does not receive its mask",
        "l'attention croisée ne reçoit pas son masque",
        (", memory_mask)", ")"),
    ),
    slip(
        "layers-shared",
        "transformer",
        "one layer is used N times: the weights are shared instead of separate",
        "une même couche sert N fois : les poids sont partagés au lieu d'être distincts",
        (
            "[EncoderLayer(*sizes) for _ in range(num_layers)]",
            "[EncoderLayer(*sizes)] * num_layers",
        ),
        (
            "[DecoderLayer(*sizes) for _ in range(num_layers)]",
            "[DecoderLayer(*sizes)] * num_layers",
        ),
    ),
    slip(
        "no-sqrt-d-embedding-scale",
        "transformer",
        "the embeddings are not multiplied by √d_model",
        "les plongements ne sont pas multipliés par √d_model",
        ("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens)"),
    ),
    slip(
        "scale-after-positions",
        "transformer",
        "the positions are multiplied by √d_model too; they are added after the scaling",
        "les positions sont elles aussi multipliées par √d_model ; elles s'ajoutent après la mise à l'échelle",
        ("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens)"),
        (
            "return vectors + positional_encoding(tokens.shape[1], self.d_model)",
            "return (vectors + positional_encoding(tokens.shape[1], self.d_model)) * math.sqrt(self.d_model)",
        ),
    ),
    slip(
        "no-positions",
        "transformer",
        "the positions are not added",
        "les positions ne sont pas ajoutées",
        ("return vectors + positional_encoding(tokens.shape[1], self.d_model)", "return vectors"),
    ),
    slip(
        "one-embedding",
        "transformer",
        "source and target share one embedding; the contract has two",
        "source et cible partagent un seul plongement ; le contrat en veut deux",
        (
            "self.target_embedding = keras.layers.Embedding(vocab_size, d_model)",
            "self.target_embedding = self.source_embedding",
        ),
    ),
    slip(
        "no-causal-mask",
        "transformer",
        "the decoder's self-attention is not masked: it reads the answer",
        "l'auto-attention du décodeur n'est pas masquée : elle lit la réponse",
        ("layer(y, x, past, seen)", "layer(y, x, None, seen)"),
    ),
    slip(
        "no-padding-mask",
        "transformer",
        "the padding of the source is seen, in the encoder or by the decoder",
        "le remplissage de la source est vu, dans l'encodeur ou par le décodeur",
        ("x = layer(x, seen)", "x = layer(x)"),
        ("layer(y, x, past, seen)", "layer(y, x, past)"),
    ),
    slip(
        "padding-seen-by-decoder",
        "transformer",
        "the padding of the source is hidden in the encoder but seen by the decoder",
        "le remplissage de la source est caché dans l'encodeur mais vu par le décodeur",
        ("layer(y, x, past, seen)", "layer(y, x, past)"),
    ),
    slip(
        "output-softmax",
        "transformer",
        "probabilities are returned; logits, without softmax, are asked for",
        "des probabilités sont rendues ; on demande des logits, sans softmax",
        (
            "self.output_dense = keras.layers.Dense(vocab_size)",
            'self.output_dense = keras.layers.Dense(vocab_size, activation="softmax")',
        ),
    ),
    slip(
        "output-no-bias",
        "transformer",
        "the output layer has no bias",
        "la couche de sortie n'a pas de biais",
        (
            "self.output_dense = keras.layers.Dense(vocab_size)",
            "self.output_dense = keras.layers.Dense(vocab_size, use_bias=False)",
        ),
    ),
    slip(
        "decoder-reads-embeddings",
        "transformer",
        "the decoder receives the embedded source instead of the encoder's output",
        "le décodeur reçoit la source plongée au lieu de la sortie de l'encodeur",
        ("x = layer(x, seen)", "memory = layer(x, seen)"),
    ),
    slip(
        "greedy-start-dropped",
        "greedy",
        "the result lacks the start token",
        "il manque au résultat le token de départ",
        ("    return tokens", "    return tokens[1:]"),
    ),
    slip(
        "greedy-end-dropped",
        "greedy",
        "the result lacks the end token",
        "il manque au résultat le token de fin",
        ("    return tokens", "    return tokens[:-1] if tokens[-1] == end else tokens"),
    ),
    slip(
        "greedy-one-too-long",
        "greedy",
        "the result is one token too long: max_length counts `start` too",
        "le résultat a un token de trop : max_length compte aussi `start`",
        ("len(tokens) < max_length", "len(tokens) <= max_length"),
    ),
    slip(
        "greedy-never-ends",
        "greedy",
        "writing goes on after the end token",
        "l'écriture continue après le token de fin",
        (" and tokens[-1] != end", ""),
    ),
    slip(
        "greedy-last-token-only",
        "greedy",
        "the model is shown the last token only, not all of them",
        "le modèle ne reçoit que le dernier token, pas tous",
        ("next_logits(tokens)", "next_logits(tokens[-1:])"),
    ),
    slip(
        "top-k-without-renormalisation",
        "top_k",
        "the k probabilities do not sum to 1 again: the rest falls to one token",
        "la somme des k probabilités ne revient pas à 1 : le reste échoit à un seul token",
        code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    p[np.argsort(logits)[:-k]] = 0.0
    return int(min(np.searchsorted(np.cumsum(p), rng.random()), len(p) - 1))
""",
    ),
    slip(
        "top-k-unnormalised-among-best",
        "top_k",
        "the k probabilities do not sum to 1 again: the rest falls to one of the best",
        "la somme des k probabilités ne revient pas à 1 : le reste échoit à l'un des meilleurs",
        code="""
def top_k_sample(logits, k, rng):
    logits = np.asarray(logits, dtype="float64")
    p = np.exp(logits - logits.max())
    p /= p.sum()
    best = np.argsort(logits)[::-1][:k]
    return int(best[min(np.searchsorted(np.cumsum(p[best]), rng.random()), k - 1)])
""",
    ),
    slip(
        "top-k-uniform",
        "top_k",
        "the k best are drawn with equal chances",
        "les k meilleurs sont tirés à chances égales",
        ("p=p / p.sum()", "p=np.ones(k) / k"),
    ),
    slip(
        "top-k-all",
        "top_k",
        "all tokens can be drawn, not only the k best",
        "tous les tokens peuvent sortir, pas seulement les k meilleurs",
        ("[-k:]", ""),
    ),
    slip(
        "top-k-argmax",
        "top_k",
        "always the most probable token: nothing is drawn",
        "toujours le token le plus probable : rien n'est tiré",
        ("int(rng.choice(best, p=p / p.sum()))", "int(best[-1])"),
    ),
    slip(
        "top-k-one-more",
        "top_k",
        "k + 1 tokens can come out",
        "k + 1 tokens peuvent sortir",
        ("[-k:]", "[-(k + 1) :]"),
    ),
    slip(
        "top-k-worst",
        "top_k",
        "the k least probable tokens are kept",
        "ce sont les k tokens les moins probables qui sont gardés",
        ("[-k:]", "[:k]"),
    ),
    slip(
        "beam-search-equal-to-greedy",
        "beam",
        "the result is greedy decoding's: only one hypothesis survives each step",
        "le résultat est celui du glouton : une seule hypothèse survit à chaque étape",
        ("[:beam_width]", "[:1]"),
        hint=(
            "how many hypotheses are there after the first step?",
            "combien d'hypothèses reste-t-il après le premier pas ?",
        ),
    ),
    slip(
        "beam-raw-logits",
        "beam",
        "logits are summed; log-probabilities are needed (each step's logits have their own offset)",
        "les logits sont sommés ; il faut des log-probabilités (les logits de chaque pas ont leur propre décalage)",
        (" - logits.max() - np.log(np.exp(logits - logits.max()).sum())", ""),
    ),
    slip(
        "beam-summed-probabilities",
        "beam",
        "probabilities are added up; they multiply, so their logarithms add up",
        "les probabilités sont sommées ; elles se multiplient, ce sont leurs logarithmes qu'on somme",
        ("score + log_p[token]", "score + np.exp(log_p[token])"),
    ),
    slip(
        "beam-ended-lost",
        "beam",
        "hypotheses that have ended are dropped",
        "les hypothèses terminées sont perdues",
        ("                candidates.append((score, tokens))\n", ""),
        ("        beam = sorted", "        beam = not candidates and beam or sorted"),
    ),
    slip(
        "beam-ended-continued",
        "beam",
        "hypotheses are continued after the end token",
        "des hypothèses sont poursuivies après le token de fin",
        ("if tokens[-1] == end:", "if False:"),
    ),
    slip(
        "beam-length-normalised",
        "beam",
        "scores are divided by the length; no correction is asked for here",
        "les scores sont divisés par la longueur ; aucune correction n'est demandée ici",
        ("key=lambda c: -c[0])", "key=lambda c: -c[0] / len(c[1]))"),
    ),
    slip(
        "beam-worst",
        "beam",
        "the least probable hypotheses are kept",
        "ce sont les hypothèses les moins probables qui sont gardées",
        ("key=lambda c: -c[0])", "key=lambda c: c[0])"),
    ),
    slip(
        "beam-last-token-only",
        "beam",
        "the model is shown the last token only, not all of them",
        "le modèle ne reçoit que le dernier token, pas tous",
        ("next_logits(tokens)", "next_logits(tokens[-1:])"),
    ),
    slip(
        "target-not-shifted",
        "shift",
        "inputs and labels are the same: the decoder is asked to copy what it reads",
        "entrées et étiquettes sont identiques : on demande au décodeur de recopier ce qu'il lit",
        ("return target[:, :-1], target[:, 1:]", "return target[:, :-1], target[:, :-1]"),
    ),
    slip(
        "shifted-backwards",
        "shift",
        "inputs and labels are exchanged: the label is the previous token",
        "entrées et étiquettes sont échangées : l'étiquette est le token précédent",
        ("return target[:, :-1], target[:, 1:]", "return target[:, 1:], target[:, :-1]"),
    ),
    slip(
        "relative-sign",
        "relative",
        "the offset is i - j instead of j - i",
        "le décalage est i - j au lieu de j - i",
        (
            "np.arange(length)[None, :] - np.arange(length)[:, None]",
            "np.arange(length)[:, None] - np.arange(length)[None, :]",
        ),
    ),
    slip(
        "relative-scaled",
        "relative",
        "the learned numbers are divided by √d_k too; they are added after the scaling",
        "les nombres appris sont eux aussi divisés par √d_k ; ils s'ajoutent après la mise à l'échelle",
        (
            "ops.take(offsets, offset + length - 1)",
            "ops.take(offsets, offset + length - 1) / math.sqrt(q.shape[-1])",
        ),
    ),
]

WRONG_TOTALS = {
    "count-shared-embedding": Text(
        en="source and target have an embedding each here",
        fr="source et cible ont ici chacune leur plongement",
    ),
    "count-all-tied": Text(
        en="embeddings and output are tied together, and the output's bias forgotten",
        fr="plongements et sortie sont partagés, et le biais de sortie oublié",
    ),
    "count-no-output-bias": Text(
        en="the output layer's bias is forgotten", fr="le biais de la couche de sortie est oublié"
    ),
    "count-learned-positions": Text(
        en="learned positions are counted; sinusoidal ones have no parameter",
        fr="des positions apprises sont comptées ; les sinusoïdes n'ont aucun paramètre",
    ),
    "count-attention-without-bias": Text(
        en="the biases of the attention's projections are forgotten",
        fr="les biais des projections de l'attention sont oubliés",
    ),
    "count-norm-without-weights": Text(
        en="the normalisations' gamma and beta are forgotten",
        fr="gamma et beta des normalisations sont oubliés",
    ),
    "count-two-norms-in-decoder": Text(
        en="a decoder layer has three normalisations, two are counted",
        fr="une couche de décodeur a trois normalisations, deux sont comptées",
    ),
    "count-final-norms": Text(
        en="two final normalisations are counted: they belong to the pre-norm variant",
        fr="deux normalisations finales sont comptées : elles sont propres à la variante pré-norm",
    ),
    "count-d-model-a-head": Text(
        en="each head is given d_model dimensions instead of d_k and d_v",
        fr="chaque tête reçoit d_model dimensions au lieu de d_k et d_v",
    ),
    "count-encoder-only": Text(en="only the encoder is counted", fr="seul l'encodeur est compté"),
}


COUNTS: dict[str, dict[str, Callable[..., int]]] = {
    name: {"transformer_parameters": count} for name, count in counts.WRONG.items()
}
COUNTS["count-attention-without-bias"]["attention_parameters"] = partial(
    counts.attention, bias=False
)
COUNTS["count-d-model-a-head"]["attention_parameters"] = lambda heads, d, dk, dv: counts.attention(
    heads, d, d, d
)


def declare(lab: LabSpec) -> None:
    """Make the mistakes known to the lab."""
    for s in SLIPS:
        lab.misconception(s.id, s.exercise, s.text, hint=s.hint, edits=s.edits, code=s.code)
    for name, functions in COUNTS.items():
        lab.misconception(name, "counting", WRONG_TOTALS[name], define=functions)
    lab.misconception(
        "count-one-head",
        "counting",
        Text(
            en="d_k and d_v are sizes of one head; there are num_heads of them",
            fr="d_k et d_v sont les tailles d'une tête ; il y en a num_heads",
        ),
        define={"attention_parameters": lambda heads, d, dk, dv: counts.attention(1, d, dk, dv)},
    )
