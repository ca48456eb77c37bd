"""Right submissions written differently: each must get full marks."""

from grader.authoring import Variant

variants = [
    Variant("loops", "one row at a time", code={"softmax": """
def softmax(scores):
    rows = [np.exp(row - row.max()) for row in scores]
    return np.array([row / row.sum() for row in rows])
"""}),
    Variant("keras", "Keras' own", code={"softmax": """
import keras

def softmax(scores):
    return keras.ops.softmax(keras.ops.convert_to_tensor(scores, "float32"), axis=-1)
"""}, answers={"q1": "réponse b", "q2": "82 paramètres"}),
]
