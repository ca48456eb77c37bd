"""Known-wrong submissions of TP5, most of them in another style than the misconception's own code."""

from __future__ import annotations

from grader.authoring import Mutant


def split(
    u: str = "np.setdiff1d(rest, chosen)",
    take: str = "[:per_class]",
    seed: str = "seed",
    balance: str = "",
    halves: str = "numbers[:held], numbers[held:]",
    among: str = "rest",
) -> str:
    """The split by a loop over classes, with one thing changed."""
    return f"""
def split(images, labels, per_class, held, seed):
    rng = np.random.default_rng({seed})
    numbers = np.arange(len(labels))
    rng.shuffle(numbers)
    validation, rest = {halves}
    chosen = []
    for c in range(10):
        chosen += [i for i in {among} if labels[i] == c]{take}
    chosen = np.array(chosen)
    unlabelled = {u}
    {balance}
    pixels = np.float32(images / 255.0).reshape(-1, 28, 28, 1)
    return dict(
        x=pixels[chosen], y=np.float32(keras.utils.to_categorical(labels[chosen], 10)), u=pixels[unlabelled],
        x_val=pixels[validation], y_val=labels[validation],
    )
"""


def augment(
    flip: str = "tf.random.stateless_uniform((n,), seed.next()) < 0.5", axis: int = 1,
    down: str = "draw()", right: str = "draw()", start: str = "",
) -> str:  # fmt: skip
    """Augmentation image by image, with one thing changed."""
    return f"""
def augment(images, seed):
    seed = generator(seed)
    {start}
    n, h, w = images.shape[0], images.shape[1], images.shape[2]
    draw = lambda: tf.random.stateless_uniform((n,), seed.next(), 0, 5, tf.int32)
    turned = {flip}
    down = {down}
    right = {right}
    made = []
    for i in range(n):
        image = tf.reverse(images[i], [{axis}]) if bool(turned[i]) else images[i]
        wide = tf.pad(image, [[2, 2], [2, 2], [0, 0]])
        made.append(wide[int(down[i]) : int(down[i]) + h, int(right[i]) : int(right[i]) + w])
    return tf.stack(made)
"""


def guess(
    one: str = "tf.nn.softmax(model(view, training=True))",
    whole: str = "tf.stop_gradient(total / len(views))",
) -> str:
    """The guess view by view, with one thing changed."""
    return f"""
def guess_labels(model, views):
    total = 0.0
    for view in views:
        total = total + {one}
    return {whole}
"""


def mixup(
    draw: str = "keras.random.beta((len(x1),), alpha, alpha, seed=seed)", fold: str = "tf.where(lam < 0.5, 1 - lam, lam)",
    y: str = "y2 + lam[:, None] * (y1 - y2)", again: str = "",
) -> str:  # fmt: skip
    """MixUp with TensorFlow, with one thing changed."""
    return f"""
def mixup(x1, y1, x2, y2, alpha, seed):
    seed = generator(seed)
    x1, y1, x2, y2 = (tf.convert_to_tensor(a) for a in (x1, y1, x2, y2))
    lam = {draw}
    lam = {fold}
    x = x2 + lam[:, None, None, None] * (x1 - x2)
    {again}
    return x, {y}
"""


def mixmatch(
    views: str = "[view(u, seed) for k in range(views)]", q: str = "[sharpen(guess_labels(model, tf.stack(parts)), temperature)] * views",
    order: str = "keras.random.shuffle(tf.range(n + views * len(u)), seed=seed)", labels_order: str = "order",
    x: str = "view(x, seed)", end: str = "",
) -> str:  # fmt: skip
    """The algorithm with TensorFlow, with one thing changed."""
    return f"""
def mixmatch(model, x, y, u, seed, views=2, temperature=0.5, alpha=0.75, augmentation=None):
    seed = generator(seed)
    view = augment if augmentation is None else augmentation
    n = len(x)
    x = {x}
    parts = {views}
    every = tf.concat([x, *parts], axis=0)
    targets = tf.concat([tf.cast(y, tf.float32), *({q})], axis=0)
    order = {order}
    wx, wy = tf.gather(every, order), tf.gather(targets, {labels_order})
    {end}
    mixed, soft = mixup(every, targets, wx, wy, alpha, seed)
    return mixed[:n], soft[:n], mixed[n:], soft[n:]
"""


def loss(
    unlabelled: str = "tf.reduce_mean(tf.math.squared_difference(tf.nn.softmax(logits_u), q))",
    weight: str = "weight",
) -> str:
    """The loss with TensorFlow, with one thing changed."""
    return f"""
def mixmatch_loss(logits_x, y, logits_u, q, weight):
    labelled = -tf.reduce_mean(tf.reduce_sum(y * tf.nn.log_softmax(logits_x), axis=1))
    return labelled + {weight} * {unlabelled}
"""


TARGETS, ORDER = "mixmatch.targets", "mixmatch.order"
PARTNERS, VIEWS = "mixmatch.partners", "mixmatch.views"
PARTS, LABELS = "split.parts", "split.labels"

mutants = [
    Mutant("validation-in-unlabelled", "split", (PARTS,), code=split(u="np.setdiff1d(numbers, chosen)")),
    Mutant("labelled-in-unlabelled", "split", (PARTS,), code=split(u="rest.copy()")),
    Mutant("everything-in-unlabelled", "split", (PARTS,), code=split(u="np.arange(len(images))")),
    Mutant("true-labels-of-unlabelled-used", "split", (PARTS, LABELS), code=split(take="")),
    Mutant(
        "unlabelled-balanced-by-label", "split", (PARTS,),
        code=split(balance="smallest = np.bincount(labels[unlabelled], minlength=10).min()\n"
                   "    unlabelled = np.array([i for c in range(10) for i in [j for j in unlabelled if labels[j] == c][:smallest]])"),
    ),
    Mutant("unbalanced-labels", "split", (LABELS,), edits=[
        ("labelled = np.concatenate([rest[labels[rest] == c][:per_class] for c in range(10)])",
         "labelled = np.random.default_rng(seed + 5).choice(rest, 10 * per_class, replace=False)"),
    ]),
    Mutant("seed-ignored-in-split", "split", (LABELS,), code=split(seed="42")),
    Mutant("validation-not-drawn", "split", (LABELS,),
           code=split(halves="numbers[numbers < held], numbers[numbers >= held]")),
    Mutant("labelled-not-drawn", "split", (LABELS,), code=split(among="sorted(rest)")),
    Mutant("labelled-in-validation", "split", (PARTS,), code=split(among="numbers")),
    Mutant("pixels-not-scaled", "split", (PARTS,), edits=[('.astype("float32") / 255', '.astype("float32")')]),
    Mutant("one-draw-a-batch", "augment", ("augment.views", "augment.draws"), code="""
def augment(images, seed):
    seed = generator(seed)
    if float(keras.random.uniform((), seed=seed)) < 0.5:
        images = images[:, :, ::-1]
    dy, dx = (int(keras.random.randint((), -2, 3, seed=seed)) for _ in range(2))
    h, w = images.shape[1:3]
    wide = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]])
    return wide[:, 2 + dy : 2 + dy + h, 2 + dx : 2 + dx + w]
"""),
    Mutant("no-flip", "augment", ("augment.views",), code=augment(flip="tf.zeros((n,), bool)")),
    Mutant("flipped-upside-down", "augment", ("augment.views", "augment.pixels"), code=augment(axis=0)),
    Mutant("shift-one-short", "augment", ("augment.views",), code=augment().replace("0, 5, tf.int32", "0, 4, tf.int32")),
    Mutant("same-shift-both-ways", "augment", ("augment.views",), code=augment(right="tf.identity(down)")),
    Mutant("not-augmented", "augment", ("augment.views", "augment.draws"),
           code="def augment(images, seed):\n    return 1.0 * images"),
    Mutant("first-line-gone", "augment", ("augment.views",), named="whole-number-drawn-again", edits=[
        ("    seed = generator(seed)\n    images = ops.convert_to_tensor(images)", "    images = tf.convert_to_tensor(images)"),
    ]),
    Mutant("seed-does-not-move", "augment", ("augment.draws",),
           code=augment(start="seed = generator(3)")),
    Mutant("average-logits", "guess", ("guess.values",), code=guess(one="model(view, training=True)", whole="tf.stop_gradient(tf.nn.softmax(total / len(views)))")),
    Mutant("gradient-through-guess", "guess", ("guess.constant",), code=guess(whole="total / len(views)")),
    Mutant("views-are-the-constant", "guess", ("guess.constant",), named="gradient-through-guess", code="""
def guess_labels(model, views):
    views = ops.stop_gradient(ops.convert_to_tensor(views))  # the weights still learn
    return ops.mean(ops.stack([ops.softmax(model(v, training=True)) for v in views]), axis=0)
"""),
    Mutant("guess-in-inference-mode", "guess", (), code=guess(one="tf.nn.softmax(model(view))")),
    Mutant("sum-over-views", "guess", ("guess.values", TARGETS, ORDER, PARTNERS, VIEWS, "mixmatch.constant", "mixmatch.single"),
           code=guess(whole="tf.stop_gradient(total)")),
    Mutant("sharpen-then-average", "guess", ("guess.values",),
           code=guess(one="sharpen(tf.nn.softmax(model(view, training=True)), 0.5)")),
    Mutant("no-softmax", "guess", ("guess.values", TARGETS, ORDER, PARTNERS, VIEWS, "mixmatch.constant", "mixmatch.single"), code=guess(one="model(view, training=True)")),
    Mutant("views-not-averaged", "guess", ("guess.values",), code="""
def guess_labels(model, views):
    return tf.stop_gradient(tf.nn.softmax(model(views[0], training=True)))
"""),
    Mutant("sharpen-exponent-T", "sharpen", ("sharpen.values",), code="""
def sharpen(p, temperature):
    made = np.asarray(p) ** temperature
    return made / made.sum(-1)[..., None]
"""),
    Mutant("sharpen-not-renormalised", "sharpen", ("sharpen.values",),
           code="def sharpen(p, temperature):\n    return tf.exp(tf.math.log(p) / temperature)"),
    Mutant("softmax-of-probabilities", "sharpen", ("sharpen.values",),
           code="def sharpen(p, temperature):\n    return keras.activations.softmax(ops.convert_to_tensor(p) / temperature)"),
    Mutant("no-max-lambda", "mixup", ("mixup.shares",), code=mixup(fold="lam + 0.0")),
    Mutant("lambda-uniform", "mixup", ("mixup.shares",), code=mixup(draw="tf.random.stateless_uniform((len(x1),), seed.next())")),
    Mutant("maximum-for-the-batch", "mixup", ("mixup.shares",),
           code=mixup(fold="1 - lam if tf.reduce_mean(lam) < 0.5 else lam")),
    Mutant("beta-with-one-parameter", "mixup", ("mixup.shares",),
           code=mixup(draw="keras.random.beta((len(x1),), alpha, 1, seed=seed)")),
    Mutant("seed-ignored-in-mixup", "mixup", ("mixup.each",),
           code=mixup(draw="tf.constant(np.random.beta(alpha, alpha, len(x1)), tf.float32)")),
    Mutant("lambda-not-drawn", "mixup", ("mixup.shares", "mixup.each", VIEWS), named="", code=mixup(draw="tf.fill([len(x1)], 0.75)")),
    Mutant("images-not-mixed", "mixup", ("mixup.together", "mixup.each", TARGETS, PARTNERS), named="",
           edits=[("x = for_images * x1 + (1 - for_images) * x2", "x = x1")]),
    Mutant("different-lambda-for-x-and-y", "mixup", ("mixup.together",), code=mixup(
        again="lam = keras.random.beta((len(x1),), alpha, alpha, seed=seed)\n    lam = tf.maximum(lam, 1 - lam)")),
    Mutant("labels-not-mixed", "mixup", ("mixup.shares", "mixup.together"), code=mixup(y="tf.identity(y1)")),
    Mutant("one-lambda-per-batch", "mixup", (), code=mixup(draw="tf.repeat(keras.random.beta((1,), alpha, alpha, seed=seed), len(x1))")),
    Mutant("same-augmentation-k-times", "mixmatch", (VIEWS,), code=mixmatch(views="[view(u, seed)] * views")),
    Mutant("labels-shuffled-separately", "mixmatch", (TARGETS, ORDER, VIEWS),
           code=mixmatch(labels_order="keras.random.shuffle(tf.range(len(every)), seed=seed)")),
    Mutant("guess-differs-per-view", "mixmatch", (VIEWS,),
           code=mixmatch(q="[sharpen(guess_labels(model, part[None]), temperature) for part in parts]")),
    Mutant("sharpen-before-guess", "mixmatch", (VIEWS,), named="guess-differs-per-view", code=mixmatch(
        q="[sharpen(tf.stop_gradient(tf.nn.softmax(model(part, training=True))), temperature) for part in parts]")),
    Mutant("not-sharpened", "mixmatch", (TARGETS,), code=mixmatch(q="[guess_labels(model, tf.stack(parts))] * views")),
    Mutant("temperature-not-passed-on", "mixmatch", (TARGETS,), code=mixmatch(
        q="[sharpen(guess_labels(model, tf.stack(parts)), 1 / 2)] * views")),
    Mutant("hard-targets", "mixmatch", (TARGETS,), code=mixmatch(
        q="[tf.one_hot(tf.argmax(guess_labels(model, tf.stack(parts)), 1), y.shape[1])] * views")),
    Mutant("cut-at-the-wrong-end", "mixmatch", (ORDER,), code=mixmatch().replace(
        "mixed[:n], soft[:n], mixed[n:], soft[n:]", "mixed[-n:], soft[-n:], mixed[:-n], soft[:-n]")),
    Mutant("labelled-put-last", "mixmatch", (ORDER,), named="", code=mixmatch().replace(
        "[x, *parts]", "[*parts, x]").replace(
        "[tf.cast(y, tf.float32), *(", "[*(").replace("* views)], axis=0)", "* views), tf.cast(y, tf.float32)], axis=0)")),
    Mutant("partners-drawn-with-replacement", "mixmatch", (PARTNERS,), code=mixmatch(
        order="tf.random.stateless_uniform((len(every),), seed.next(), 0, len(every), tf.int32)")),
    Mutant("seed-ignored-in-mixmatch", "mixmatch", (VIEWS,), code=mixmatch(order="tf.random.shuffle(tf.range(len(every)))")),
    Mutant("first-line-of-mixmatch-gone", "mixmatch", (VIEWS,), named="same-augmentation-k-times",
           code=mixmatch().replace("    seed = generator(seed)\n", "")),
    Mutant("originals-are-the-constant", "mixmatch", ("mixmatch.constant",), named="gradient-through-targets", code=mixmatch(
        views="[view(tf.stop_gradient(u), seed) for k in range(views)]",
        q="[sharpen(sum(tf.nn.softmax(model(part, training=True)) for part in parts) / views, temperature)] * views")),
    Mutant("targets-in-another-order", "mixmatch", (TARGETS, ORDER, VIEWS), code=mixmatch(
        q="[tf.repeat(sharpen(guess_labels(model, tf.stack(parts)), temperature), views, axis=0)]")),
    Mutant("mix-unlabelled-only", "mixmatch", (PARTNERS,), code="""
def mixmatch(model, x, y, u, seed, views=2, temperature=0.5, alpha=0.75, augmentation=None):
    seed = generator(seed)
    view = augmentation or augment
    x, y = view(x, seed), tf.cast(y, tf.float32)
    us = tf.stack([view(u, seed) for _ in range(views)])
    q = tf.concat([sharpen(guess_labels(model, us), temperature)] * views, 0)
    us = tf.reshape(us, (-1, *us.shape[2:]))
    pool, labels = tf.concat([us, x], 0), tf.concat([q, y], 0)
    order = keras.random.shuffle(tf.range(len(pool)), seed=seed)[: len(us)]
    us, q = mixup(us, q, tf.gather(pool, order), tf.gather(labels, order), alpha, seed)
    return x, y, us, q
"""),
    Mutant("mixed-apart", "mixmatch", (PARTNERS,), code=mixmatch(
        order="tf.concat([keras.random.shuffle(tf.range(n), seed=seed), keras.random.shuffle(tf.range(n, n + views * len(u)), seed=seed)], 0)")),
    Mutant("not-mixed", "mixmatch", (PARTNERS,), code=mixmatch(end="wx, wy = every, targets")),
    Mutant("partners-fixed", "mixmatch", (PARTNERS,), code=mixmatch(end="wx, wy = tf.reverse(every, [0]), tf.reverse(targets, [0])")),
    Mutant("not-shuffled", "mixmatch", (PARTNERS,), named="not-mixed", code=mixmatch(order="tf.range(len(every))")),
    Mutant("labelled-not-augmented", "mixmatch", (VIEWS,), code=mixmatch(x="tf.convert_to_tensor(x)")),
    Mutant("guess-from-other-views", "mixmatch", (VIEWS,), code=mixmatch(
        q="[sharpen(guess_labels(model, tf.stack([view(u, seed) for _ in parts])), temperature)] * views")),
    Mutant("guess-from-the-originals", "mixmatch", (VIEWS,), named="guess-from-other-views", code=mixmatch(
        q="[sharpen(guess_labels(model, tf.convert_to_tensor(u)[None]), temperature)] * views")),
    Mutant("guess-from-the-first-view", "mixmatch", (VIEWS,), named="guess-from-other-views", code=mixmatch(
        q="[sharpen(guess_labels(model, parts[0][None]), temperature)] * views")),
    Mutant("augmentation-ignored", "mixmatch", ("mixmatch.single",), code=mixmatch(
        views="[augment(u, seed) for k in range(views)]", x="augment(x, seed)")),
    Mutant("closer-to-the-copy", "mixmatch", (ORDER,), code=mixmatch().replace(
        "mixup(every, targets, wx, wy, alpha, seed)", "mixup(wx, wy, every, targets, alpha, seed)")),
    Mutant("alpha-not-passed-on", "mixmatch", (VIEWS,), code=mixmatch().replace("wx, wy, alpha, seed", "wx, wy, 3 / 4, seed")),
    Mutant("gradient-through-targets", "mixmatch", ("mixmatch.constant",), code=mixmatch(
        q="[sharpen(sum(tf.nn.softmax(model(part, training=True)) for part in parts) / views, temperature)] * views")),
    Mutant("cross-entropy-on-unlabelled", "loss", ("loss.unlabelled", "loss.gradient"),
           code=loss("tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(q, logits_u))")),
    Mutant("l2-on-logits", "loss", ("loss.unlabelled", "loss.gradient"), code=loss("tf.reduce_mean((q - logits_u) ** 2)")),
    Mutant("sum-over-classes", "loss", ("loss.unlabelled", "loss.gradient"),
           code=loss("tf.reduce_sum((tf.nn.softmax(logits_u) - q) ** 2) / len(q)")),
    Mutant("sum-over-everything", "loss", ("loss.unlabelled", "loss.gradient"),
           code=loss("tf.reduce_sum((tf.nn.softmax(logits_u) - q) ** 2)")),
    Mutant("weight-forgotten", "loss", ("loss.unlabelled", "loss.labelled", "loss.gradient"), code=loss(weight="1.0")),
    Mutant("from-logits-forgotten", "loss", ("loss.labelled", "loss.gradient"), edits=[
        ("ops.categorical_crossentropy(y, logits_x, from_logits=True)", "keras.losses.categorical_crossentropy(y, logits_x)"),
    ]),
    Mutant("no-ramp", "schedule", ("schedule.values",), code="def lambda_u_schedule(step, ramp, maximum):\n    return maximum"),
    Mutant("ramp-in-wrong-unit", "schedule", ("schedule.values",), code="""
def lambda_u_schedule(step, ramp, maximum):
    images = tf.cast(step, tf.float32) * RECIPE["batch"]
    return maximum * tf.minimum(1.0, images / ramp)
"""),
    Mutant("ramp-without-end", "schedule", ("schedule.values",),
           code="def lambda_u_schedule(step, ramp, maximum):\n    return step * (maximum / ramp)"),
    Mutant("no-ramp-for-tensors", "schedule", ("schedule.values",), named="", code="""
def lambda_u_schedule(step, ramp, maximum):
    return maximum * min(step / ramp, 1.0) if isinstance(step, int) else maximum
"""),
    Mutant("decay-the-wrong-way", "average", ("average.update",), edits=[
        ("mean.assign(decay * mean + (1 - decay) * weight)", "mean.assign_add((mean - weight) * -decay)"),
    ]),
    Mutant("statistics-left-out", "average", ("average.update",), edits=[
        ("    for mean, weight in zip(average.weights, model.weights):\n        mean.assign(decay * mean + (1 - decay) * weight)",
         "    for i, weight in enumerate(model.trainable_variables):\n"
         "        mean = average.trainable_variables[i]\n        mean.assign(weight + decay * (mean - weight))"),
    ]),
    Mutant("statistics-copied", "average", ("average.update",), edits=[
        ("        mean.assign(decay * mean + (1 - decay) * weight)",
         "        old = 0.0 if 'moving' in mean.name else decay\n        mean.assign(old * mean + (1 - old) * weight)"),
    ]),
    Mutant("the-wrong-network-moves", "average", ("average.update",), edits=[
        ("zip(average.weights, model.weights)", "zip(model.variables, average.variables)"),
    ]),
    Mutant("answers-in-training-mode", "average", ("average.accuracy",), edits=[
        ("average.predict(images, batch_size=500, verbose=0)", "ops.convert_to_numpy(average(images, training=True))"),
    ]),
    Mutant("percent", "average", ("average.accuracy",), edits=[
        ("float(np.mean(found == np.asarray(labels)))", "100.0 * np.sum(found == labels) / len(labels)"),
    ]),
    Mutant("ema-not-evaluated", "average", ("average.accuracy",), edits=[
        ("average.predict(images, batch_size=500, verbose=0)", "np.asarray(model(images, training=False))"),
    ]),
    Mutant("ablation-in-place", "ablation", ("ablation.settings",), named="recipe-changed-in-place", code="""
def without(recipe, idea):
    if idea == "augmentation":
        recipe["augmentation"] = False
    elif idea == "consistency":
        recipe["views"] = 1
    elif idea == "entropy":
        recipe["temperature"] = 1.0
    else:
        recipe["lambda_u"] = 0.0
    return recipe
"""),
    Mutant("temperature-zero-for-off", "ablation", ("ablation.settings",), code="""
def without(recipe, idea):
    made = dict(recipe)
    key = {"augmentation": "augmentation", "consistency": "views", "entropy": "temperature", "pseudo-labels": "lambda_u"}[idea]
    made[key] = {"augmentation": False, "consistency": 1, "entropy": 0, "pseudo-labels": 0}[idea]
    return made
"""),
    Mutant("all-ideas-at-once", "reading", ("reading.worst",), named="", answers={
        "dearest_idea": "augmentation, consistency, entropy or pseudo-labels"}),
    Mutant("pipeline-confused", "pipeline", ("q13_2", "q13_3"), named="", answers={"q13_2": "pseudo-labels", "q13_3": "cohérence"}),
    Mutant("fixmatch-mean-over-sure", "fixmatch", ("fixmatch.values", "fixmatch.gradient"), code="""
def fixmatch_loss(logits_weak, logits_strong, threshold=0.95):
    p = tf.stop_gradient(tf.nn.softmax(logits_weak))
    kept = tf.reduce_max(p, axis=1) >= threshold
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.argmax(p, axis=1), logits_strong)
    return tf.math.divide_no_nan(tf.reduce_sum(each[kept]), tf.reduce_sum(tf.cast(kept, tf.float32)))
"""),
]  # fmt: skip
