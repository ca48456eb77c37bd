"""One quick training for the search of TP5's recipe; key=value arguments; appends to trials.jsonl."""
# ruff: noqa

import sys, json, time, os

t00 = time.time()
cfg = dict(
    mode="mixmatch",
    n=100,
    seed=1,
    steps=800,
    batch=32,
    widths=[32, 64, 128],
    k0=5,
    lr=2e-3,
    wd=4e-4,
    ema=0.99,
    lam=25.0,
    ramp=0.5,
    alpha=0.75,
    K=2,
    T=0.5,
    cos=1,
    xla=0,
    bnm=0.9,
    shift=2,
    arch="a",
    timing=0,
    sup_mix=0,
    drop=0.0,
    gt=0,
    cut=0,
    fl=1,
    warm=0,
)
for a in sys.argv[1:]:
    k, v = a.split("=", 1)
    try:
        v = json.loads(v)
    except Exception:
        pass
    assert k in cfg, k
    cfg[k] = v
import numpy as np, tensorflow as tf, keras
from keras import layers

c = type("C", (), cfg)
HERE = __import__("pathlib").Path(__file__).parent
d = np.load(HERE.parents[1] / "data" / "fashion_mnist" / "fashion_mnist.npz")
x = (d["x_train"] / np.float32(255))[..., None]
y = d["y_train"]
xt = (d["x_test"] / np.float32(255))[..., None]
yt = d["y_test"]
rng = np.random.default_rng(c.seed)
order = rng.permutation(len(x))
val = order[:1000]
rest = order[1000:]
lab = np.concatenate([rest[y[rest] == k][: c.n // 10] for k in range(10)])
unl = np.setdiff1d(rest, lab)
keras.utils.set_random_seed(c.seed)


def net():
    L = [keras.Input((28, 28, 1))]

    def cb(f, k=3, s=1):
        L.extend(
            [
                layers.Conv2D(f, k, strides=s, padding="same", use_bias=False),
                layers.BatchNormalization(momentum=c.bnm),
                layers.LeakyReLU(negative_slope=0.1),
            ]
        )

    w = c.widths
    if c.arch == "a":  # strided first, 14x14 x2, 7x7 x2
        cb(w[0], c.k0, 2)
        cb(w[1])
        cb(w[1], 3, 2)
        cb(w[2])
    elif c.arch == "b":
        cb(w[0], 3)
        cb(w[0], 3, 2)
        cb(w[1])
        cb(w[1], 3, 2)
        cb(w[2])
    elif c.arch == "c":
        cb(w[0], c.k0, 2)
        cb(w[1], 3, 2)
        cb(w[2])
        cb(w[2])
    elif c.arch == "d":
        cb(w[0], c.k0, 2)
        cb(w[1])
        cb(w[1])
        cb(w[1], 3, 2)
        cb(w[2])
        cb(w[2])
    L.append(layers.GlobalAveragePooling2D())
    if c.drop:
        L.append(layers.Dropout(c.drop))
    L.append(layers.Dense(10))
    return keras.Sequential(L)


model = net()
mean = keras.models.clone_model(model)
mean.set_weights(model.get_weights())
gen = tf.random.Generator.from_seed(c.seed)


def aug(im):
    b = tf.shape(im)[0]
    if c.fl:
        im = tf.where(gen.uniform((b, 1, 1, 1)) < 0.5, im, im[:, :, ::-1])
    s = c.shift
    p = tf.pad(im, [[0, 0], [s, s], [s, s], [0, 0]])
    i = gen.uniform((b, 1), 0, 2 * s + 1, tf.int32) + tf.range(28)
    j = gen.uniform((b, 1), 0, 2 * s + 1, tf.int32) + tf.range(28)
    im = tf.gather(tf.gather(p, i, axis=1, batch_dims=1), j, axis=2, batch_dims=1)
    if c.cut:
        a = gen.uniform((b, 1, 1, 1), 0, 28, tf.int32)
        e = gen.uniform((b, 1, 1, 1), 0, 28, tf.int32)
        r = tf.range(28)
        m = (tf.abs(r[None, :, None, None] - a) < c.cut) & (
            tf.abs(r[None, None, :, None] - e) < c.cut
        )
        im = tf.where(m, 0.0, im)
    return im


X = tf.constant(x[lab])
Y = tf.one_hot(y[lab], 10)
U = tf.constant(x[unl])
rate = (
    keras.optimizers.schedules.CosineDecay(
        c.lr, c.steps, alpha=0.02, warmup_target=c.lr if c.warm else None, warmup_steps=c.warm
    )
    if c.cos
    else c.lr
)
opt = keras.optimizers.AdamW(rate, weight_decay=c.wd / c.lr * 1.0 if c.wd else 0.0)
opt.build(model.trainable_variables)


def beta(n, a):
    g = gen.uniform(())  # placeholder to keep the state moving
    s = tf.cast(gen.uniform((2,), 0, 2**31 - 1, tf.int32), tf.int32)
    u = tf.random.stateless_gamma((2, n), s, a)
    l = u[0] / (u[0] + u[1])
    return tf.maximum(l, 1 - l)


B = c.batch
vs = list(zip(mean.weights, model.weights))


def ema(step):
    dcy = tf.minimum(c.ema, (1 + step) / (10 + step))
    for a, b in vs:
        a.assign(dcy * a + (1 - dcy) * tf.cast(b, a.dtype)) if "seed" not in a.path else None


def mixup(x1, y1, x2, y2):
    l = beta(tf.shape(x1)[0], c.alpha)
    lx = l[:, None, None, None]
    return lx * x1 + (1 - lx) * x2, l[:, None] * y1 + (1 - l[:, None]) * y2


def mm(step):
    xi = gen.uniform((B,), 0, len(lab), tf.int32)
    ui = gen.uniform((B,), 0, len(unl), tf.int32)
    xb = aug(tf.gather(X, xi))
    yb = tf.gather(Y, xi)
    ub = tf.gather(U, ui)
    ua = aug(tf.concat([ub] * c.K, 0))
    g = tf.nn.softmax(model(ua, training=bool(c.gt)))
    g = tf.reduce_mean(tf.reshape(g, (c.K, B, 10)), 0)
    g = g ** (1 / c.T)
    g = g / tf.reduce_sum(g, 1, keepdims=True)
    q = tf.stop_gradient(tf.tile(g, (c.K, 1)))
    ax = tf.concat([xb, ua], 0)
    ay = tf.concat([yb, q], 0)
    pi = tf.argsort(gen.uniform((B * (c.K + 1),)))
    mx, my = mixup(ax, ay, tf.gather(ax, pi), tf.gather(ay, pi))
    lam = c.lam * tf.minimum(1.0, step / (c.ramp * c.steps))
    with tf.GradientTape() as t:
        z = model(mx, training=True)
        lx = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(my[:B], z[:B]))
        lu = tf.reduce_mean((tf.nn.softmax(z[B:]) - my[B:]) ** 2)
        l = lx + lam * lu
    opt.apply_gradients(zip(t.gradient(l, model.trainable_variables), model.trainable_variables))
    ema(step)
    return l, lx, lu


def sup(step):
    xi = gen.uniform((B,), 0, len(lab), tf.int32)
    xb = aug(tf.gather(X, xi))
    yb = tf.gather(Y, xi)
    if c.sup_mix:
        pi = tf.argsort(gen.uniform((B,)))
        xb, yb = mixup(xb, yb, tf.gather(xb, pi), tf.gather(yb, pi))
    with tf.GradientTape() as t:
        l = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(yb, model(xb, training=True)))
    opt.apply_gradients(zip(t.gradient(l, model.trainable_variables), model.trainable_variables))
    ema(step)
    return l, l, l


step_fn = tf.function(mm if c.mode == "mixmatch" else sup, jit_compile=bool(c.xla))


def acc(m, xx, yy):
    return float((m.predict(xx, verbose=0, batch_size=500).argmax(1) == yy).mean())


t0 = time.time()
c0 = time.process_time()
tfirst = None
marks = []
for s in range(c.steps):
    o = step_fn(tf.constant(s, tf.float32))
    if s == 0:
        tfirst = time.time() - t0
        t1 = time.time()
        c1 = time.process_time()
    if c.timing and s == c.timing:
        break
    if (s + 1) % max(1, c.steps // 4) == 0 and not c.timing:
        marks.append(round(acc(mean, xt, yt), 4))
w = time.time() - t1
cpu = time.process_time() - c1
res = dict(
    cfg={k: v for k, v in cfg.items() if any(a.startswith(k + "=") for a in sys.argv[1:])},
    first=round(tfirst, 1),
    ms=round(1000 * w / max(1, s), 1),
    cpu_ms=round(1000 * cpu / max(1, s), 1),
    wall=round(w, 1),
    cpu=round(cpu, 1),
    params=model.count_params(),
)
if not c.timing:
    res.update(
        marks=marks,
        ema=round(acc(mean, xt, yt), 4),
        raw=round(acc(model, xt, yt), 4),
        last=[round(float(v), 4) for v in o],
    )
print(json.dumps(res), flush=True)
open(HERE / "trials.jsonl", "a").write(json.dumps(res) + "\n")
