"""3 of TP4: the whole Transformer, and its parameters."""

from __future__ import annotations

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


@transformer.check("logits", 1.0, "logits", "logits",
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
    hint=[("the lists encoder_layers and decoder_layers in `__init__`",
           "les listes encoder_layers et decoder_layers dans `__init__`"),
          ("print model.encoder_layers[0] is model.encoder_layers[1]",
           "affichez model.encoder_layers[0] is model.encoder_layers[1]"),
          ("make a new layer at each turn of the loop; repeating a list repeats the same object",
           "faites une nouvelle couche à chaque tour de boucle ; répéter une liste répète le même objet")],
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
    hint=[("the line between the embedding and the positions",
           "la ligne entre le plongement et les positions"),
          ("read again the first sentence under `call` in the docstring",
           "relisez la première phrase sous `call` dans la docstring"),
          ("multiply the embedded tokens by √d_model, for source and target",
           "multipliez les tokens plongés par √d_model, pour la source et la cible")],
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
     "return (vectors + positional_encoding(tokens.shape[1], self.d_model)) * math.sqrt(self.d_model)"),
    hint=[("what is inside the brackets that √d_model multiplies",
           "ce qui est entre les parenthèses que multiplie √d_model"),
          ("with embeddings of 0, the layers must receive the positions as they are: between -1 and 1",
           "avec des plongements nuls, les couches doivent recevoir les positions telles quelles : entre -1 et 1"),
          ("scale the embeddings alone, then add the positions",
           "mettez à l'échelle les seuls plongements, puis ajoutez les positions")],
    loses=["logits", "padding"])
transformer.slip("no-positions",
    "the positions are not added",
    "les positions ne sont pas ajoutées",
    (PLACED, "return vectors"),
    hint=[("what is done to the embedded tokens before the first layer",
           "ce que subissent les tokens plongés avant la première couche"),
          ("exchange two tokens of the source: without positions the logits hardly notice",
           "échangez deux tokens de la source : sans positions, les logits ne le voient guère"),
          ("add your positional_encoding to the scaled embeddings, on both sides",
           "ajoutez votre positional_encoding aux plongements mis à l'échelle, des deux côtés")],
    loses=["logits", "padding"])
transformer.slip("one-embedding",
    "source and target share one embedding; the contract has two",
    "source et cible partagent un seul plongement ; le contrat en veut deux",
    ("self.target_embedding = keras.layers.Embedding(vocab_size, d_model)",
     "self.target_embedding = self.source_embedding"),
    hint=[("source_embedding and target_embedding in `__init__`",
           "source_embedding et target_embedding dans `__init__`"),
          ("print model.source_embedding is model.target_embedding",
           "affichez model.source_embedding is model.target_embedding"),
          ("make two embeddings, and use each on its own side",
           "faites deux plongements, et servez-vous de chacun de son côté")],
    loses=["logits", "padding"])
transformer.slip("no-causal-mask",
    "the decoder's self-attention is not masked: it reads the answer",
    "l'auto-attention du décodeur n'est pas masquée : elle lit la réponse",
    ("layer(y, x, past, seen)", "layer(y, x, None, seen)"),
    hint=[("the mask that a decoder layer receives for its self-attention",
           "le masque que reçoit une couche de décodeur pour son auto-attention"),
          ("change the last target token: do the logits before it move?",
           "changez le dernier token de la cible : les logits qui le précèdent bougent-ils ?"),
          ("make the causal mask of the target's length and hand it to every decoder layer",
           "faites le masque causal de la longueur de la cible et donnez-le à chaque couche de décodeur")],
    loses=["logits", "padding", "causal"],
    mutant=[("past = causal_mask(target.shape[1])",
             "past = np.ones((target.shape[1], target.shape[1]), bool)")])
transformer.slip("no-padding-mask",
    "the padding of the source is seen, in the encoder or by the decoder",
    "le remplissage de la source est vu, dans l'encodeur ou par le décodeur",
    ("x = layer(x, seen)", "x = layer(x)"), ("layer(y, x, past, seen)", "layer(y, x, past)"),
    hint=[("where the source's padding mask goes: the encoder layers, the decoder layers",
           "où va le masque de remplissage de la source : couches d'encodeur, couches de décodeur"),
          ("add two PAD tokens at the end of the source: the logits must not move",
           "ajoutez deux tokens PAD à la fin de la source : les logits ne doivent pas bouger"),
          ("hand it to the encoder layers, and to the decoder layers as memory_mask",
           "donnez-le aux couches d'encodeur, et aux couches de décodeur comme memory_mask")],
    loses=["padding"])
transformer.slip("padding-seen-by-decoder",
    "the padding of the source is hidden in the encoder but seen by the decoder",
    "le remplissage de la source est caché dans l'encodeur mais vu par le décodeur",
    ("layer(y, x, past, seen)", "layer(y, x, past)"),
    hint=[("the last argument of the decoder layers", "le dernier argument des couches de décodeur"),
          ("add two PAD tokens at the end of the source: the logits must not move",
           "ajoutez deux tokens PAD à la fin de la source : les logits ne doivent pas bouger"),
          ("the padding of the source is memory_mask in the decoder: hand it over there too",
           "le remplissage de la source est memory_mask dans le décodeur : donnez-le là aussi")],
    loses=["padding"])
transformer.slip("output-softmax",
    "probabilities are returned; logits, without softmax, are asked for",
    "des probabilités sont rendues ; on demande des logits, sans softmax",
    (OUTPUT, 'self.output_dense = keras.layers.Dense(vocab_size, activation="softmax")'),
    hint=[("the activation of output_dense, or what follows it",
           "l'activation de output_dense, ou ce qui la suit"),
          ("add up the outputs at one position: exactly 1?",
           "sommez les sorties à une position : exactement 1 ?"),
          ("return the last layer's sums as they are: the loss has the softmax in it",
           "rendez telles quelles les sommes de la dernière couche : la perte contient le softmax")],
    loses=["logits", "padding"])
transformer.slip("output-no-bias",
    "the output layer has no bias",
    "la couche de sortie n'a pas de biais",
    (OUTPUT, "self.output_dense = keras.layers.Dense(vocab_size, use_bias=False)"),
    hint=[("how output_dense is made", "comment est faite output_dense"),
          ("print len(model.output_dense.get_weights()): 2 are wanted",
           "affichez len(model.output_dense.get_weights()) : on en veut 2"),
          ("let it keep its bias, one number a token of the vocabulary",
           "laissez-lui son biais, un nombre par token du vocabulaire")],
    loses=["logits", "padding"])
transformer.slip("decoder-reads-embeddings",
    "the decoder receives the embedded source instead of the encoder's output",
    "le décodeur reçoit la source plongée au lieu de la sortie de l'encodeur",
    ("x = layer(x, seen)", "memory = layer(x, seen)"),
    hint=[("the variable that the decoder layers receive as memory",
           "la variable que les couches de décodeur reçoivent comme mémoire"),
          ("set the weights of the encoder layers otherwise: the logits must change",
           "mettez d'autres poids aux couches d'encodeur : les logits doivent changer"),
          ("each encoder layer works on what the one before gave; the last one's output is the memory",
           "chaque couche d'encodeur travaille sur ce qu'a donné la précédente ; la sortie de la dernière est la mémoire")],
    loses=["logits", "padding"])

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


EMBEDDINGS, OUTPUTS = "embeddings = 2 * vocab_size * d_model", "output = (d_model + 1) * vocab_size"
TOTAL = "return num_layers * (encoder + decoder) + embeddings + output"


def attentions(queries: str, values: str, output: str) -> list[tuple[str, str]]:
    """Edits that count the projections of one attention otherwise."""
    return [
        ("2 * (d_model + 1) * num_heads * d_k", f"2 * {queries}"),
        ("values = (d_model + 1) * num_heads * d_v", f"values = {values}"),
        ("(num_heads * d_v + 1) * d_model", output),
    ]


WHOLE = ["lecture", "sizes"]
EVERY = ["attention", *WHOLE]

counting.slip("count-shared-embedding",
    "source and target have an embedding each here",
    "source et cible ont ici chacune leur plongement",
    (EMBEDDINGS, "embeddings = vocab_size * d_model"),
    hint=[("the term vocab_size · d_model", "le terme vocab_size · d_model"),
          ("how many tables with a row a token does `Transformer` make?",
           "combien de tables d'une ligne par token `Transformer` crée-t-il ?"),
          ("count an embedding for the source and another for the target",
           "comptez un plongement pour la source et un autre pour la cible")],
    loses=WHOLE)
counting.slip("count-all-tied",
    "embeddings and output are tied together, and the output's bias forgotten",
    "plongements et sortie sont partagés, et le biais de sortie oublié",
    (EMBEDDINGS, "embeddings = vocab_size * d_model"), (OUTPUTS, "output = 0"),
    hint=[("the terms with vocab_size", "les termes en vocab_size"),
          ("list the arrays of Transformer that have an axis of 29: there are four",
           "dressez la liste des tableaux de Transformer qui ont un axe de 29 : il y en a quatre"),
          ("count two embeddings, and the output layer with kernel and bias",
           "comptez deux plongements, et la couche de sortie avec noyau et biais")],
    loses=WHOLE)
counting.slip("count-no-output-bias",
    "the output layer's bias is forgotten",
    "le biais de la couche de sortie est oublié",
    (OUTPUTS, "output = d_model * vocab_size"),
    hint=[("the output layer", "la couche de sortie"),
          ("a Dense from 512 to 29: how many numbers beside its kernel?",
           "une Dense de 512 vers 29 : combien de nombres en plus de son noyau ?"),
          ("add one bias for each token of the vocabulary", "ajoutez un biais par token du vocabulaire")],
    loses=WHOLE)
counting.slip("count-learned-positions",
    "learned positions are counted; sinusoidal ones have no parameter",
    "des positions apprises sont comptées ; les sinusoïdes n'ont aucun paramètre",
    (TOTAL, f"{TOTAL} + 2 * {counts.LECTURE_LENGTH} * d_model"),
    hint=[("a term with the length of a sequence", "un terme où entre la longueur d'une séquence"),
          ("what does training change in the table of sines: anything?",
           "que change l'apprentissage dans la table de sinus : quelque chose ?"),
          ("positions from a formula are no parameters: leave them out",
           "des positions tirées d'une formule ne sont pas des paramètres : ne les comptez pas")],
    loses=WHOLE)
counting.slip("count-attention-without-bias",
    "the biases of the attention's projections are forgotten",
    "les biais des projections de l'attention sont oubliés",
    *attentions("d_model * num_heads * d_k", "d_model * num_heads * d_v", "num_heads * d_v * d_model"),
    hint=[("the four projections of one attention", "les quatre projections d'une attention"),
          ("a Dense from n to m has (n + 1)·m numbers: which term is the 1?",
           "une Dense de n vers m a (n + 1)·m nombres : quel terme est le 1 ?"),
          ("count a bias for every unit of the four projections",
           "comptez un biais pour chaque unité des quatre projections")],
    loses=EVERY)
counting.slip("count-norm-without-weights",
    "the normalisations' gamma and beta are forgotten",
    "gamma et beta des normalisations sont oubliés",
    ("norm = 2 * d_model", "norm = 0"),
    hint=[("the normalisations", "les normalisations"),
          ("print keras.layers.LayerNormalization's count_params() on 4 numbers: not 0",
           "affichez count_params() d'une LayerNormalization de Keras sur 4 nombres : pas 0"),
          ("count gamma and beta, d_model numbers each, for every normalisation",
           "comptez gamma et beta, d_model nombres chacun, pour chaque normalisation")],
    loses=WHOLE)
counting.slip("count-two-norms-in-decoder",
    "a decoder layer has three normalisations, two are counted",
    "une couche de décodeur a trois normalisations, deux sont comptées",
    ("3 * norm", "2 * norm"),
    hint=[("the normalisations of a decoder layer", "les normalisations d'une couche de décodeur"),
          ("how many sub-layers does it have, and what follows each?",
           "combien de sous-couches a-t-elle, et qu'est-ce qui suit chacune ?"),
          ("count one normalisation after each of the three sub-layers",
           "comptez une normalisation après chacune des trois sous-couches")],
    loses=WHOLE)
counting.slip("count-final-norms",
    "two final normalisations are counted: they belong to the pre-norm variant",
    "deux normalisations finales sont comptées : elles sont propres à la variante pré-norm",
    (TOTAL, f"{TOTAL} + 2 * norm"),
    hint=[("what is counted outside the layers", "ce qui est compté hors des couches"),
          ("after the last layer's norm2 or norm3, does `Transformer` normalise once more?",
           "après le norm2 ou norm3 de la dernière couche, `Transformer` normalise-t-il encore ?"),
          ("leave out the two normalisations at the end of encoder and decoder",
           "ne comptez pas les deux normalisations à la fin de l'encodeur et du décodeur")],
    loses=WHOLE)
counting.slip("count-d-model-a-head",
    "each head is given d_model dimensions instead of d_k and d_v",
    "chaque tête reçoit d_model dimensions au lieu de d_k et d_v",
    *attentions("(d_model + 1) * num_heads * d_model", "(d_model + 1) * num_heads * d_model",
                "(num_heads * d_model + 1) * d_model"),
    hint=[("the units of the projections: num_heads times what?",
           "les unités des projections : num_heads fois quoi ?"),
          ("for 8 heads of d_k = 64: 512 units for the queries, or 4,096?",
           "pour 8 têtes de d_k = 64 : 512 unités pour les requêtes, ou 4 096 ?"),
          ("a head has d_k numbers for queries and keys, d_v for values",
           "une tête a d_k nombres pour requêtes et clés, d_v pour les valeurs")],
    loses=EVERY)
counting.slip("count-encoder-only",
    "only the encoder is counted",
    "seul l'encodeur est compté",
    (TOTAL, "return num_layers * encoder + vocab_size * d_model"),
    hint=[("what num_layers multiplies", "ce que multiplie num_layers"),
          ("list the sub-layers of `Transformer`: is each of them in your sum?",
           "dressez la liste des sous-couches de `Transformer` : chacune est-elle dans votre somme ?"),
          ("add as many decoder layers, the target's embedding and the output layer",
           "ajoutez autant de couches de décodeur, le plongement de la cible et la couche de sortie")],
    loses=WHOLE)
counting.slip("count-one-head",
    "d_k and d_v are sizes of one head; there are num_heads of them",
    "d_k et d_v sont les tailles d'une tête ; il y en a num_heads",
    *attentions("(d_model + 1) * d_k", "(d_model + 1) * d_v", "(d_v + 1) * d_model"),
    hint=[("where num_heads occurs in your formula", "où num_heads apparaît dans votre formule"),
          ("double the heads and keep d_k: the count must grow",
           "doublez les têtes sans changer d_k : le nombre doit grandir"),
          ("the projections have num_heads · d_k or num_heads · d_v units",
           "les projections ont num_heads · d_k ou num_heads · d_v unités")],
    loses=EVERY)
