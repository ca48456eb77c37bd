"""Correct submissions of TP5 written differently: each must get full marks."""

from __future__ import annotations

from part1_split import splitting
from part2_ideas import augmenting, guessing, mixing
from part3_mixmatch import matching
from part4_loss import costing

from grader.authoring import Variant

KERAS_OPS_AUGMENT = """
def augment(images, seed):
    seed = generator(seed)
    images = ops.convert_to_tensor(images)
    n = ops.shape(images)[0]
    offsets = keras.random.randint((2, n), -2, 3, seed=seed)
    zeros, ones = ops.zeros((n,)), ops.ones((n,))
    sign = ops.where(keras.random.uniform((n,), seed=seed) < 0.5, 1.0, -1.0)
    width = float(images.shape[2])
    moved = ops.cast(offsets, "float32")
    start = ops.where(sign > 0, zeros, ones * (width - 1.0)) - sign * moved[1]
    matrices = ops.stack([sign, zeros, start, zeros, ones, -moved[0], zeros, zeros], axis=1)
    return ops.image.affine_transform(images, matrices, interpolation="nearest", fill_mode="constant", fill_value=0.0)
"""

NUMPY_AUGMENT = """
def augment(images, seed, reach=2):
    number = seed if isinstance(seed, int) else int(keras.random.randint((), 0, 2**31 - 1, seed=seed))
    rng = np.random.default_rng(number)
    images = np.asarray(images)
    out = np.zeros_like(images)
    height, width = images.shape[1:3]
    for k, image in enumerate(images):
        if rng.integers(2):
            image = image[:, ::-1]
        dy, dx = rng.integers(-reach, reach + 1, 2)
        ys, xs = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
        from_ys, from_xs = slice(max(-dy, 0), height + min(-dy, 0)), slice(max(-dx, 0), width + min(-dx, 0))
        out[k, ys, xs] = image[from_ys, from_xs]
    return tf.constant(out)
"""

MAPPED_AUGMENT = """
def augment(images, seed):
    seed = generator(seed)
    images = tf.convert_to_tensor(images)
    n, h, w, c = images.shape
    wide = tf.image.pad_to_bounding_box(images, 2, 2, h + 4, w + 4)
    corners = tf.random.stateless_uniform((n, 2), seed.next(), 0, 5, tf.int32)
    cut = tf.map_fn(lambda pair: tf.slice(pair[0], [pair[1][0], pair[1][1], 0], [h, w, c]), (wide, corners),
                    fn_output_signature=images.dtype)
    coin = tf.random.stateless_uniform((n, 1, 1, 1), seed.next()) > 0.5
    return tf.where(coin, cut[..., ::-1, :], cut)
"""

ONE_HOT_AUGMENT = '''
def augment(images: "tensor", seed) -> "tensor":
    """Shifts as products with shifted identities."""
    seed = generator(seed)
    images = ops.cast(images, "float32")
    n, h, w = images.shape[:3]
    def shifted(size):
        s = keras.random.randint((n, 1), -SHIFT, SHIFT + 1, seed=seed)
        return ops.one_hot(ops.arange(size) + s, size)
    images = ops.einsum("nij,njwc->niwc", shifted(h), images)
    images = ops.einsum("nij,nhjc->nhic", shifted(w), images)
    flip = ops.reshape(keras.random.randint((n,), 0, 2, seed=seed), (-1, 1, 1, 1)) == 1
    return ops.where(flip, ops.flip(images, axis=-2), images)
'''

BETA_BY_GAMMA = """
def mixup(x1, y1, x2, y2, alpha, seed, verbose=False):
    seed = generator(seed)
    a = keras.random.gamma((len(x1), 1), alpha, seed=seed)
    b = keras.random.gamma((len(x1), 1), alpha, seed=seed)
    lam = a / (a + b)
    lam = ops.where(ops.isfinite(lam), lam, 1.0)
    lam = 0.5 + ops.abs(lam - 0.5)
    if verbose:
        print(lam)
    blend = lambda first, second, share: share * ops.cast(first, "float32") + (1.0 - share) * ops.cast(second, "float32")
    return [blend(x1, x2, lam[..., None, None]), blend(y1, y2, lam)]
"""

NUMPY_MIXUP = """
def mixup(x1, y1, x2, y2, alpha, seed):
    if isinstance(seed, (int, np.integer)):
        rng = np.random.default_rng(seed)
    else:
        rng = np.random.default_rng(np.asarray(keras.random.randint((2,), 0, 2**31 - 1, seed=seed)))
    lam = rng.beta(alpha, alpha, len(x1)).astype("float32")
    lam = np.maximum(lam, 1 - lam)
    x = np.einsum("n,nhwc->nhwc", lam, np.asarray(x1)) + np.einsum("n,nhwc->nhwc", 1 - lam, np.asarray(x2))
    y = (lam * np.asarray(y1).T + (1 - lam) * np.asarray(y2).T).T
    return x, y
"""

variants = [
    Variant("tensorflow", "everything with tf.*, views one by one", code={
        "augment": MAPPED_AUGMENT, "guess": guessing(), "mixup": mixing(),
        "mixmatch": matching(), "loss": costing(),
    }),
    Variant("one-image-at-a-time", "augmentation and split in Python loops", code={
        "augment": augmenting(), "split": splitting(),
    }),
    Variant("affine", "augmentation by keras.ops.image.affine_transform", code={"augment": KERAS_OPS_AUGMENT}),
    Variant("numpy-inside", "augmentation and MixUp by NumPy, which no compiled step could use", code={
        "augment": NUMPY_AUGMENT, "mixup": NUMPY_MIXUP,
    }),
    Variant("shift-by-matmul", "shifts as products with shifted identities, flipped last", code={"augment": ONE_HOT_AUGMENT}),
    Variant("gammas", "Beta as a quotient of gammas, folded by an absolute value; a list comes back", code={"mixup": BETA_BY_GAMMA}),
    Variant("split-sklearn-style", "the split class by class, with a permutation of each", code={"split": """
def split(images, labels, per_class, held, seed):
    rng = np.random.RandomState(seed)
    validation = rng.choice(len(images), held, replace=False)
    free = np.ones(len(images), bool)
    free[validation] = False
    x = []
    for c in np.unique(labels):
        x.extend(rng.permutation(np.flatnonzero(free & (labels == c)))[:per_class])
    x = rng.permutation(x)
    free[x] = False
    u = rng.permutation(np.flatnonzero(free))
    image = lambda index: (images[index].astype("float64") / 255.0)[:, :, :, np.newaxis].astype(np.float32)
    return {"x": image(x), "y": ops.one_hot(labels[x], 10), "u": image(u), "x_val": image(validation), "y_val": labels[validation].astype(int)}
"""}),
    Variant("guess-in-one-call", "time-distributed over the views, log-sum-exp", code={"guess": """
def guess_labels(model, views):
    views = tf.convert_to_tensor(views)
    flat = tf.reshape(views, tf.concat([[-1], tf.shape(views)[2:]], 0))
    logits = model(flat, training=True)
    logits = tf.reshape(logits, (views.shape[0], views.shape[1], logits.shape[-1]))
    log_p = logits - tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    return tf.stop_gradient(tf.exp(tf.reduce_logsumexp(log_p, axis=0)) / views.shape[0])
"""}),
    Variant("guess-no-tape", "the gradient is cut by leaving the tape's sight: NumPy and back", code={"guess": """
def guess_labels(model, views):
    answers = [np.asarray(ops.softmax(model(view, training=True))) for view in views]
    return ops.convert_to_tensor(np.mean(answers, axis=0))
"""}),
    Variant("sharpen-logs", "sharpening as a softmax of logarithms", code={"sharpen": """
def sharpen(p, temperature):
    return tf.nn.softmax(tf.math.log(tf.maximum(p, 1e-30)) / temperature)
"""}),
    Variant("sharpen-double", "sharpening in double precision", code={"sharpen": """
def sharpen(p, temperature=0.5):
    p = ops.cast(p, "float64") ** (1.0 / temperature)
    p = p / ops.sum(p, -1, keepdims=True)
    return ops.cast(p, "float32")
"""}),
    Variant("double-comes-back", "guess and sharpening give doubles, which the rest must take", code={"guess": """
def guess_labels(model, views):
    logits = [tf.cast(tf.stop_gradient(model(view, training=True)), tf.float64) for view in tf.unstack(views)]
    return sum(tf.exp(z - tf.reduce_logsumexp(z, axis=1, keepdims=True)) for z in logits) / len(logits)
""", "sharpen": """
def sharpen(p, temperature):
    p = np.array(p, dtype="float64") ** (1 / temperature)
    return p / np.sum(p, axis=-1, keepdims=True)
"""}),
    Variant("mixmatch-apart", "the two halves mixed by two calls of mixup", code={"mixmatch": """
def mixmatch(model, x, y, u, seed, views=2, temperature=0.5, alpha=0.75, augmentation=None, **unused):
    seed = generator(seed)
    if augmentation is None:
        augmentation = augment
    xs = augmentation(x, seed)
    us = [augmentation(u, seed) for k in range(views)]
    guess = sharpen(guess_labels(model, ops.stack(us, axis=0)), temperature)
    us, guesses = ops.concatenate(us, axis=0), ops.concatenate([guess for _ in us], axis=0)
    y = ops.cast(y, guesses.dtype)
    w, wy = ops.concatenate([xs, us], axis=0), ops.concatenate([y, guesses], axis=0)
    order = ops.argsort(keras.random.uniform((w.shape[0],), seed=seed))
    w, wy = ops.take(w, order, axis=0), ops.take(wy, order, axis=0)
    size = xs.shape[0]
    mixed_x, mixed_y = mixup(xs, y, w[:size], wy[:size], alpha, seed)
    mixed_u, mixed_q = mixup(us, guesses, w[size:], wy[size:], alpha, seed)
    return [mixed_x, mixed_y, mixed_u, mixed_q]
"""}),
    Variant("image-major-views", "the views of one image side by side; the loss does not see the order", code={"mixmatch": """
def mixmatch(model, x, y, u, seed, views=2, temperature=0.5, alpha=0.75, augmentation=None):
    seed = generator(seed)
    view = augmentation or augment
    y = ops.cast(y, "float32")
    stack = ops.stack([view(u, seed) for _ in range(views)], axis=1)
    targets = sharpen(guess_labels(model, ops.swapaxes(stack, 0, 1)), temperature)
    everything = ops.concatenate([view(x, seed), ops.reshape(stack, (-1, *stack.shape[2:]))])
    answers = ops.concatenate([y, ops.repeat(targets, views, axis=0)])
    order = keras.random.shuffle(np.arange(len(everything)), seed=seed)
    a, b = mixup(everything, answers, ops.take(everything, order, 0), ops.take(answers, order, 0), alpha, seed)
    return a[: len(x)], b[: len(x)], a[len(x) :], b[len(x) :]
"""}),
    Variant("loss-by-hand", "the loss with sums, logarithms and Keras' own loss classes", code={"loss": """
def mixmatch_loss(logits_x, y, logits_u, q, weight):
    supervised = keras.losses.CategoricalCrossentropy(from_logits=True)(y, logits_x)
    brier = keras.losses.MeanSquaredError()(q, ops.softmax(logits_u, axis=-1))
    return ops.add(supervised, ops.multiply(weight, brier))
"""}),
    Variant("schedule-python", "the ramp with Python's min, or tensors", code={"schedule": """
def lambda_u_schedule(step, ramp, maximum):
    if tf.is_tensor(step):
        return maximum * tf.minimum(tf.cast(step, tf.float32) / float(ramp), 1.0)
    return maximum * min(step / ramp, 1)
"""}),
    Variant("average-by-lists", "set_weights of lists; accuracy by a Keras metric", code={"average": """
def update_average(average, model, decay):
    new = [decay * np.asarray(a) + (1 - decay) * np.asarray(w) for a, w in zip(average.get_weights(), model.get_weights())]
    average.set_weights(new)

def accuracy(model, average, images, labels, batch=200):
    metric = keras.metrics.SparseCategoricalAccuracy()
    for i in range(0, len(images), batch):
        metric.update_state(labels[i : i + batch], average(images[i : i + batch], training=False))
    return metric.result()
"""}),
    Variant("average-moved", "the difference added, in another order", code={"average": """
def update_average(average, model, decay):
    pairs = list(zip(model.variables, average.variables))
    for new, old in reversed(pairs):
        old.assign_sub((1 - decay) * (old - new))
    return average

def accuracy(model, average, images, labels):
    logits = ops.convert_to_numpy(average(ops.convert_to_tensor(images)))
    return np.mean(logits.argmax(-1) == labels)
"""}),
    Variant("without-copied", "the recipe copied deeply, then changed", code={"ablation": """
import copy

def without(recipe, idea):
    made = copy.deepcopy(recipe)
    match idea:
        case "augmentation": made["augmentation"] = False
        case "consistency": made["views"] = 1
        case "entropy": made["temperature"] = 1
        case "pseudo-labels": made["lambda_u"] = 0
    return made
"""}),
    Variant("answers-french", "answers in French, with accents, articles and capitals", answers={
        "q13_1": "Augmentation de données", "q13_2": "cohérence", "q13_3": "Minimisation de l'entropie",
        "q13_4": "pseudo-étiquettes", "dearest_idea": "l'augmentation de données",
    }),
    Variant("answers-with-articles", "answers with articles, other spellings and small words", answers={
        "q13_1": "L'augmentation", "q13_2": " La cohérence ", "q13_3": "minimisation d'entropie",
        "q13_4": "Pseudo_étiquettes", "dearest_idea": "sans augmentation des images étiquetées",
    }),
    Variant("answers-british", "answers in British English", answers={
        "q13_1": "data-augmentation", "q13_2": "Consistency regularisation", "q13_3": "Entropy minimisation.",
        "q13_4": "pseudo labels", "dearest_idea": "Without augmentation of the unlabelled images",
    }),
    Variant("fixmatch-masked", "the bonus by a boolean mask", code={"fixmatch": """
def fixmatch_loss(logits_weak, logits_strong, threshold=0.95):
    p = np.asarray(tf.nn.softmax(logits_weak))
    sure = p.max(axis=1) >= threshold
    log_p = tf.nn.log_softmax(logits_strong)
    picked = tf.reduce_sum(log_p * tf.one_hot(p.argmax(axis=1), p.shape[1]), axis=1)
    return -tf.reduce_sum(tf.boolean_mask(picked, sure)) / len(p)
"""}),
]  # fmt: skip
