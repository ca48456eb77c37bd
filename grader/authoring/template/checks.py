"""What is graded. Titles are two arguments, English then French; other texts are pairs of both."""

import numpy as np

from grader.authoring import LabSpec, Limits, numpy_array

lab = LabSpec(__file__, "Two rings", "Deux anneaux",
    limits=Limits(seconds=60, cpu_seconds=120, training_seconds=60),  # what one submission may use
    recordings=["network"])  # what lab.record("network") leaves, and students hand in

# ------------------------------------------------------------------ 1 a function

# id, as in the notebook's exercise="softmax"; number; titles; the names that the student must define.
softmax = lab.exercise("softmax", "1", "Softmax", "Softmax", "softmax")


# Nothing runs here: what is done with `student` is written down, and done later with the student's code.
# What the solution gives is what is expected. `draw` draws other numbers and other sizes in every key.
@softmax.check("values", 4, "values", "valeurs",
    asked=("exp(score) over the row's sum of exps", "exp(score) sur la somme des exp de la ligne"))
def _(draw, student):
    n, k = draw.sizes(2)
    return student.softmax(numpy_array(draw.normal(n, k, scale=2)))


@softmax.check("large", 2, "large scores", "grands scores",
    asked=("no NaN where scores are in the thousands", "pas de NaN quand les scores atteignent des milliers"))
def _(draw, student):
    n, k = draw.sizes(2)
    scores = draw.normal(n, k, scale=2)
    scores[0] += 5000  # in one row only: nothing but NaN would tell no mistake from another
    return student.softmax(numpy_array(scores))


# A mistake: id, what was done, an edit of the solution that makes it, a hint in three steps (where to look,
# what to compare, what to change: never the solution's line). `loses` and `mutant` are its proof: the same
# mistake written in another way must lose exactly these checks and be given this name.
softmax.slip("over-columns",
    "the columns sum to 1, not the rows", "la somme des colonnes vaut 1, pas celle des lignes",
    ("weights.sum(axis=-1, keepdims=True)", "weights.sum(axis=0, keepdims=True)"),
    hint=[("the axis of the sum", "l'axe de la somme"),
          ("add up your result along each axis: which sums are 1?",
           "sommez votre résultat selon chaque axe : quelles sommes valent 1 ?"),
          ("each point shares out one unit among its k scores: sum over these",
           "chaque point partage une unité entre ses k scores : sommez sur ceux-là")],
    loses=["values", "large"], mutant="""
def softmax(scores):
    weights = np.exp(scores - np.max(scores, axis=1).reshape(-1, 1))
    return np.stack([column / np.sum(column) for column in weights.T], axis=1)
""")
softmax.slip("overflow",
    "exp of a large score overflows: inf / inf is NaN",
    "l'exponentielle d'un grand score déborde : inf / inf donne NaN",
    ("np.exp(shifted)", "np.exp(scores)"),
    hint=[("the argument of the exponential", "l'argument de l'exponentielle"),
          ("print np.exp(np.float32(5000))", "affichez np.exp(np.float32(5000))"),
          ("what can be taken away from a whole row without changing its softmax?",
           "que peut-on retrancher à toute une ligne sans changer son softmax ?")],
    loses=["large"], mutant="""
def softmax(scores):
    with np.errstate(all="ignore"):
        weights = np.e ** scores.astype("float32")
        return (weights.T / weights.sum(axis=-1)).T
""")

# A question belongs to the exercise that it asks about; its cell is question="q1" in the notebook.
softmax.question("q1", 2, "A constant", "Une constante", type="choice", right=["B"],
    asked=("3 is added to all scores of a point. Its probabilities A: grow, B: stay, C: shrink.",
           "On ajoute 3 à tous les scores d'un point. Ses probabilités A : croissent, B : restent, C : décroissent."),
    wrong={"A": ("exp(3) is in the sum too", "exp(3) est aussi dans la somme"),
           "C": ("exp(3) multiplies the numerator too", "exp(3) multiplie aussi le numérateur")})

# ------------------------------------------------------------------ 2 a training

# The blank notebook must get 0: a training that is given needs something that students write.
training = lab.exercise("training", "2", "Train", "Entraîner", "build")


def held_out(draw):
    """Points never seen, other ones in every key; and their rings, which no student's code sees."""
    n = 2000 if draw.hidden else 500
    ring = draw.rng.integers(0, 2, n)
    radius = 0.6 + 0.8 * ring + draw.rng.normal(0, 0.15, n)
    angle = draw.rng.uniform(0, 2 * np.pi, n)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return {"points": points.astype("float32")}, {"predictions": ring}


# lab.metric reads floor and target from calibration.json, which `grader calibrate` writes. The function runs
# in the clean room, on the recorded weights, without a line of the student's.
@training.clean("accuracy", 6, "points never seen", "points jamais vus", recording="network", data=held_out,
    expect={"predictions": lab.metric("training.accuracy", "accuracy")},
    preview=lambda inputs, student: student.probe(
        predictions=student.classify(student.model, inputs["points"])))
def _(recording, inputs):
    scores = recording.rebuild().predict(inputs["points"], verbose=0)
    return {"predictions": scores.argmax(axis=1)}


training.question("q2", 2, "Parameters", "Paramètres", type="number", right=[82],
    asked=("How many weights does this network learn?", "Combien de poids ce réseau apprend-il ?"),
    wrong={64: ("the biases are forgotten", "les biais sont oubliés")})
# A free text is read by a person (`grader review`), with this rubric.
training.question("q3", 4, "Without a hidden layer", "Sans couche cachée", type="text",
    asked=("Why can a network without a hidden layer not tell the rings apart?",
           "Pourquoi un réseau sans couche cachée ne peut-il pas séparer les anneaux ?"),
    rubric=[(2, ("it cuts by a straight line", "il coupe par une droite")),
            (2, ("no line separates the rings", "aucune droite ne sépare les anneaux"))],
    guide=("a drawing will do", "un dessin suffit"))
