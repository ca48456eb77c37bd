"""3 of TP4: the whole Transformer, and its parameters."""

from __future__ import annotations

from functools import partial

import counts
import numpy as np
import weights
from lab import LIBRARY_BLOCKS, lab

from grader.authoring import Draw, Student

# ------------------------------------------------------------------ 3.1 transformer

transformer = lab.exercise("transformer", "3.1", "The whole Transformer", "Le Transformer entier",
    "Transformer", forbids=LIBRARY_BLOCKS,
    read=("section 3.1 and Vaswani et al., 3.4", "partie 3.1 et Vaswani et al., 3.4"))


def called(draw: Draw, student: Student):
    """A model of two layers a side with weights, called once for three checks: on 3 × `third` pairs.

    The second third has another target token at position `at`; in the last, two PAD tokens end the
    source.
    """
    draw = draw.named("transformer")
    h, d, dk, dv, d_ff = weights.model_sizes(draw, usual=True)
    vocab = int(draw.rng.integers(11, 18))
    given, joints = weights.transformer(draw, 2, h, d, dk, dv, d_ff, vocab)
    third, t, s = draw.sizes(3, 4, 9)
    at = t // 2
    source, target = draw.integers(1, vocab, third, s + 2), draw.integers(1, vocab, third, t)
    other, padded = target.copy(), source.copy()
    other[:, at] = 1 + other[:, at] % (vocab - 1)
    padded[:, s:] = 0
    with student.shared():
        model = student.Transformer(2, h, d, dk, dv, d_ff, vocab)
        model((draw.integers(1, vocab, 2, 3), draw.integers(1, vocab, 2, 4)))
        model.set_weights(given, joints)
        out = model(
            (np.concatenate([source, source, padded]), np.concatenate([target, other, target]))
        )
    return model, out, third, at


@transformer.check("logits", 1.25, "logits", "logits",
    asked=("two layers a side, given weights: logits (B,T,vocab_size)",
           "deux couches par côté, poids donnés : logits (B,T,vocab_size)"))
def _(draw: Draw, student: Student):
    model, out, third, _ = called(draw, student)
    return student.probe(out=out[:third], params=model.count_params())


@transformer.check("padding", 0.25,
    "the source's padding is not seen", "le remplissage de la source n'est pas vu",
    asked=("PAD tokens at the end of the source change nothing",
           "des tokens PAD à la fin de la source ne changent rien"))
def _(draw: Draw, student: Student):
    _, out, third, _ = called(draw, student)
    return out[2 * third : 3 * third]


@transformer.check("causal", 0.25, "the past does not see the future", "le passé ne voit pas le futur",
    asked=("another target token at position p changes nothing before p",
           "un autre token cible à la position p ne change rien avant p"))
def _(draw: Draw, student: Student):
    _, out, third, at = called(draw, student)
    changed = out[:third].change(out[third : 2 * third], at)
    return changed, {"out": {"before": False, "after": True}}


PLACED = "return vectors + positional_encoding(tokens.shape[1], self.d_model)"
OUTPUT = "self.output_dense = keras.layers.Dense(vocab_size)"

transformer.slip("layers-shared",
    "one layer is used N times: the weights are shared instead of separate",
    "une même couche sert N fois : les poids sont partagés au lieu d'être distincts",
    ("[EncoderLayer(*sizes) for _ in range(num_layers)]", "[EncoderLayer(*sizes)] * num_layers"),
    ("[DecoderLayer(*sizes) for _ in range(num_layers)]", "[DecoderLayer(*sizes)] * num_layers"),
    loses=["logits", "padding"],
    mutant=[("self.encoder_layers = [EncoderLayer(*sizes) for _ in range(num_layers)]\n"
             "        self.decoder_layers = [DecoderLayer(*sizes) for _ in range(num_layers)]",
             "one, other = EncoderLayer(*sizes), DecoderLayer(*sizes)\n"
             "        self.encoder_layers = [one for _ in range(num_layers)]\n"
             "        self.decoder_layers = [other for _ in range(num_layers)]")])
transformer.slip("no-sqrt-d-embedding-scale",
    "the embeddings are not multiplied by √d_model",
    "les plongements ne sont pas multipliés par √d_model",
    ("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens)"),
    loses=["logits", "padding"],
    mutant=[("vectors = embedding(tokens) * math.sqrt(self.d_model)\n"
             f"        {PLACED}",
             "table = ops.convert_to_tensor(positional_encoding(tokens.shape[1], self.d_model))\n"
             "        return ops.add(embedding(tokens), ops.expand_dims(table, 0))")])
transformer.slip("scale-after-positions",
    "the positions are multiplied by √d_model too; they are added after the scaling",
    "les positions sont elles aussi multipliées par √d_model ; elles s'ajoutent après la mise à l'échelle",
    ("embedding(tokens) * math.sqrt(self.d_model)", "embedding(tokens)"),
    (PLACED,
     "return (vectors + positional_encoding(tokens.shape[1], self.d_model)) * math.sqrt(self.d_model)"))
transformer.slip("no-positions",
    "the positions are not added",
    "les positions ne sont pas ajoutées",
    (PLACED, "return vectors"))
transformer.slip("one-embedding",
    "source and target share one embedding; the contract has two",
    "source et cible partagent un seul plongement ; le contrat en veut deux",
    ("self.target_embedding = keras.layers.Embedding(vocab_size, d_model)",
     "self.target_embedding = self.source_embedding"))
transformer.slip("no-causal-mask",
    "the decoder's self-attention is not masked: it reads the answer",
    "l'auto-attention du décodeur n'est pas masquée : elle lit la réponse",
    ("layer(y, x, past, seen)", "layer(y, x, None, seen)"),
    loses=["logits", "padding", "causal"],
    mutant=[("past = causal_mask(target.shape[1])",
             "past = np.ones((target.shape[1], target.shape[1]), bool)")])
transformer.slip("no-padding-mask",
    "the padding of the source is seen, in the encoder or by the decoder",
    "le remplissage de la source est vu, dans l'encodeur ou par le décodeur",
    ("x = layer(x, seen)", "x = layer(x)"), ("layer(y, x, past, seen)", "layer(y, x, past)"))
transformer.slip("padding-seen-by-decoder",
    "the padding of the source is hidden in the encoder but seen by the decoder",
    "le remplissage de la source est caché dans l'encodeur mais vu par le décodeur",
    ("layer(y, x, past, seen)", "layer(y, x, past)"))
transformer.slip("output-softmax",
    "probabilities are returned; logits, without softmax, are asked for",
    "des probabilités sont rendues ; on demande des logits, sans softmax",
    (OUTPUT, 'self.output_dense = keras.layers.Dense(vocab_size, activation="softmax")'))
transformer.slip("output-no-bias",
    "the output layer has no bias",
    "la couche de sortie n'a pas de biais",
    (OUTPUT, "self.output_dense = keras.layers.Dense(vocab_size, use_bias=False)"))
transformer.slip("decoder-reads-embeddings",
    "the decoder receives the embedded source instead of the encoder's output",
    "le décodeur reçoit la source plongée au lieu de la sortie de l'encodeur",
    ("x = layer(x, seen)", "memory = layer(x, seen)"))

# ------------------------------------------------------------------ 3.2 counting

counting = lab.exercise("counting", "3.2", "Counting parameters", "Compter les paramètres",
    "attention_parameters", "transformer_parameters")


@counting.check("attention", 0.25, "one attention", "une attention")
def _(draw: Draw, student: Student):
    h, d, dk, dv, _ = weights.model_sizes(draw)
    asked = student.probe(
        lecture=student.attention_parameters(8, 512, 64, 64),
        out=student.attention_parameters(h, d, dk, dv),
    )
    return asked, {"lecture": 1_050_624, "out": counts.attention(h, d, dk, dv)}


@counting.check("lecture", 0.5, "the practical's Transformer", "le Transformer du TP",
    asked=("N=6, H=8, d_model=512, d_k=d_v=64, d_ff=2048, vocabulary 29",
           "N=6, H=8, d_model=512, d_k=d_v=64, d_ff=2048, vocabulaire 29"))
def _(draw: Draw, student: Student):
    return student.transformer_parameters(*counts.LECTURE.values()), {"out": 44_183_069}


@counting.check("sizes", 0.25, "other sizes", "autres tailles")
def _(draw: Draw, student: Student):
    h, d, dk, dv, d_ff = weights.model_sizes(draw)
    sizes = (3, h, d, dk, dv, d_ff, 23 + int(draw.rng.integers(9)))
    return student.transformer_parameters(*sizes), {"out": counts.transformer(*sizes)}


WRONG_TOTALS = {
    "count-shared-embedding": ("source and target have an embedding each here",
                               "source et cible ont ici chacune leur plongement"),
    "count-all-tied": ("embeddings and output are tied together, and the output's bias forgotten",
                       "plongements et sortie sont partagés, et le biais de sortie oublié"),
    "count-no-output-bias": ("the output layer's bias is forgotten",
                             "le biais de la couche de sortie est oublié"),
    "count-learned-positions": ("learned positions are counted; sinusoidal ones have no parameter",
                                "des positions apprises sont comptées ; les sinusoïdes n'ont aucun paramètre"),
    "count-attention-without-bias": ("the biases of the attention's projections are forgotten",
                                     "les biais des projections de l'attention sont oubliés"),
    "count-norm-without-weights": ("the normalisations' gamma and beta are forgotten",
                                   "gamma et beta des normalisations sont oubliés"),
    "count-two-norms-in-decoder": ("a decoder layer has three normalisations, two are counted",
                                   "une couche de décodeur a trois normalisations, deux sont comptées"),
    "count-final-norms": ("two final normalisations are counted: they belong to the pre-norm variant",
                          "deux normalisations finales sont comptées : elles sont propres à la variante pré-norm"),
    "count-d-model-a-head": ("each head is given d_model dimensions instead of d_k and d_v",
                             "chaque tête reçoit d_model dimensions au lieu de d_k et d_v"),
    "count-encoder-only": ("only the encoder is counted", "seul l'encodeur est compté"),
}
WRONG_ATTENTIONS = {
    "count-attention-without-bias": partial(counts.attention, bias=False),
    "count-d-model-a-head": lambda heads, d, dk, dv: counts.attention(heads, d, d, d),
}
for name, count in counts.WRONG.items():
    own = {"attention_parameters": WRONG_ATTENTIONS[name]} if name in WRONG_ATTENTIONS else {}
    counting.slip(name, *WRONG_TOTALS[name], define={"transformer_parameters": count} | own)
counting.slip("count-one-head",
    "d_k and d_v are sizes of one head; there are num_heads of them",
    "d_k et d_v sont les tailles d'une tête ; il y en a num_heads",
    define={"attention_parameters": lambda heads, d, dk, dv: counts.attention(1, d, dk, dv)})
counting.mutant("count-no-output-bias", ["lecture", "sizes"],
    [("output = (d_model + 1) * vocab_size", "output = d_model * vocab_size")])
counting.mutant("count-two-norms-in-decoder", ["lecture", "sizes"], [("3 * norm", "2 * norm")])
