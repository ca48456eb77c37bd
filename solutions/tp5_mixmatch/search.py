"""One quick training for the search of TP5's recipe; key=value arguments; appends to trials.jsonl.

Accuracy on the 2,000 public test images and the 1,000 validation images: the 2,000 held-out ones are
kept for the calibration.
"""

# ruff: noqa
import sys, json, time, os

for k in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(k, "1")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
cfg = dict(
    mode="mm",
    n=100,
    seed=1,
    steps=1500,
    batch=32,
    ub=32,
    widths=[16, 32, 64],
    k0=5,
    lr=2e-3,
    wd=0.2,
    ema=0.99,
    lam=10.0,
    ramp=1.0,
    alpha=0.75,
    K=2,
    T=0.5,
    xla=0,
    bnm=0.9,
    shift=2,
    arch="a",
    timing=0,
    sup_mix=0,
    gt=1,
    cut=0,
    fl=1,
    rot=0.0,
    zoom=0.0,
    gam=0.0,
    br=0.0,
    da=0,
    teacher=0,
    conf=0,
    tag="",
    drop=0.0,
    warm=0,
    norm=0,
    act="leaky",
    pool="avg",
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
from pathlib import Path

HERE = Path(__file__).parent
d = np.load(HERE.parents[1] / "data" / "fashion_mnist" / "fashion_mnist.npz")
x = (d["x_train"] / np.float32(255))[..., None]
y = d["y_train"].astype(int)
rng = np.random.default_rng(c.seed)
order = rng.permutation(len(x))
val = order[:1000]
rest = order[1000:]
lab = np.concatenate([rest[y[rest] == k][: c.n // 10] for k in range(10)])
unl = np.setdiff1d(rest, lab)
xt = np.concatenate([(d["x_test"] / np.float32(255))[..., None], x[val]])
yt = np.concatenate([d["y_test"], y[val]])
keras.utils.set_random_seed(c.seed)


def net():
    L = [keras.Input((28, 28, 1))]
    if c.norm == 1:
        L.append(layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False))
    if c.norm == 2:
        L.append(layers.Lambda(lambda a: a / (tf.reduce_max(a, (1, 2, 3), keepdims=True) + 1e-3)))

    def cb(f, k=3, s=1):
        L.extend(
            [
                layers.Conv2D(f, k, strides=s, padding="same", use_bias=False),
                layers.BatchNormalization(momentum=c.bnm),
                layers.LeakyReLU(negative_slope=0.1) if c.act == "leaky" else layers.Activation(c.act),
            ]
        )

    w = c.widths
    if c.arch == "a":
        cb(w[0], c.k0, 2)
        cb(w[1])
        cb(w[1], 3, 2)
        cb(w[2])
    elif c.arch == "b":
        cb(w[0], c.k0, 2)
        cb(w[1], 3, 2)
        cb(w[2])
        cb(w[2])
    elif c.arch == "f":
        cb(w[0], c.k0, 2)
        cb(w[1], 3, 2)
        cb(w[2])
    elif c.arch == "d":
        cb(w[0], c.k0, 2)
        cb(w[1])
        cb(w[1])
        cb(w[1], 3, 2)
        cb(w[2])
        cb(w[2])
    elif c.arch == "e":
        cb(w[0], c.k0, 2)
        cb(w[1], 3, 2)
        cb(w[1])
        cb(w[2], 3, 2)
        cb(w[2])
    elif c.arch == "g":
        cb(w[0], c.k0, 2)
        cb(w[1], 3, 2)
        cb(w[1])
        cb(w[2], 3, 2)
        cb(w[2])
        cb(w[2])
    elif c.arch == "h":
        cb(w[0], c.k0, 2)
        cb(w[1], 3, 2)
        cb(w[1])
        cb(w[1])
        cb(w[2], 3, 2)
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
    b = im.shape[0]
    if c.fl:
        im = tf.where(gen.uniform((b, 1, 1, 1)) < 0.5, im, im[:, :, ::-1])
    if c.rot or c.zoom:
        a = gen.uniform((b,), -c.rot, c.rot)
        sy = tf.exp(gen.uniform((b,), -c.zoom, c.zoom))
        sx = tf.exp(gen.uniform((b,), -c.zoom, c.zoom))
        dy = gen.uniform((b,), -c.shift, c.shift)
        dx = gen.uniform((b,), -c.shift, c.shift)
        ca, sa = tf.cos(a), tf.sin(a)
        m = 13.5
        a0, a1, b0, b1 = ca * sx, -sa * sx, sa * sy, ca * sy
        t0 = m + dx - a0 * m - a1 * m
        t1 = m + dy - b0 * m - b1 * m
        z = tf.zeros_like(a)
        im = tf.raw_ops.ImageProjectiveTransformV3(
            images=im,
            transforms=tf.stack([a0, a1, t0, b0, b1, t1, z, z], 1),
            output_shape=[28, 28],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
        im = tf.ensure_shape(im, (b, 28, 28, 1))
    elif c.shift:
        s = c.shift
        p = tf.pad(im, [[0, 0], [s, s], [s, s], [0, 0]])
        i = gen.uniform((b, 1), 0, 2 * s + 1, tf.int32) + tf.range(28)
        j = gen.uniform((b, 1), 0, 2 * s + 1, tf.int32) + tf.range(28)
        im = tf.gather(tf.gather(p, i, axis=1, batch_dims=1), j, axis=2, batch_dims=1)
    if c.gam:
        im = tf.maximum(im, 1e-6) ** tf.exp(gen.uniform((b, 1, 1, 1), -c.gam, c.gam))
    if c.br:
        im = im * gen.uniform((b, 1, 1, 1), 1 - c.br, 1 + c.br)
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
YU = tf.constant(y[unl])
rate = keras.optimizers.schedules.CosineDecay(c.lr, c.steps)
opt = keras.optimizers.AdamW(rate, weight_decay=c.wd)
opt.build(model.trainable_variables)


def beta(n, a):
    s = gen.uniform((2,), 0, 2**31 - 1, tf.int32)
    u = tf.random.stateless_gamma((2, n), s, a)
    l = u[0] / (u[0] + u[1] + 1e-20)
    return tf.maximum(l, 1 - l)


B, M = c.batch, c.ub
vs = list(zip(mean.weights, model.weights))
prior = tf.Variable(tf.ones(10) / 10, trainable=False)


def ema(step):
    dcy = tf.minimum(c.ema, (1 + step) / (10 + step))
    for a, b in vs:
        a.assign(dcy * a + (1 - dcy) * b)


def mixup(x1, y1, x2, y2):
    l = beta(x1.shape[0], c.alpha)
    lx = l[:, None, None, None]
    return lx * x1 + (1 - lx) * x2, l[:, None] * y1 + (1 - l[:, None]) * y2


def mm(step):
    xi = gen.uniform((B,), 0, len(lab), tf.int32)
    ui = gen.uniform((M,), 0, len(unl), tf.int32)
    xb = aug(tf.gather(X, xi))
    yb = tf.gather(Y, xi)
    ub = tf.gather(U, ui)
    ua = aug(tf.concat([ub] * c.K, 0))
    g = tf.nn.softmax(mean(ua, training=False) if c.teacher else model(ua, training=bool(c.gt)))
    g = tf.reduce_mean(tf.reshape(g, (c.K, M, 10)), 0)
    if c.da:
        prior.assign(0.98 * prior + 0.02 * tf.reduce_mean(g, 0))
        g = g * 0.1 / prior
        g = g / tf.reduce_sum(g, 1, keepdims=True)
    hit = tf.reduce_mean(
        tf.cast(tf.argmax(g, 1) == tf.cast(tf.gather(YU, ui), tf.int64), tf.float32)
    )
    g = g ** (1 / c.T)
    g = g / tf.reduce_sum(g, 1, keepdims=True)
    q = tf.stop_gradient(tf.tile(g, (c.K, 1)))
    ax = tf.concat([xb, ua], 0)
    ay = tf.concat([yb, q], 0)
    pi = tf.argsort(gen.uniform((B + M * c.K,)))
    mx, my = mixup(ax, ay, tf.gather(ax, pi), tf.gather(ay, pi))
    lam = c.lam * tf.minimum(1.0, step / (c.ramp * c.steps))
    with tf.GradientTape() as t:
        z = model(mx, training=True)
        lx = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(my[:B], z[:B]))
        lu = tf.reduce_mean((tf.nn.softmax(z[B:]) - my[B:]) ** 2)
        l = lx + lam * lu
    opt.apply_gradients(zip(t.gradient(l, model.trainable_variables), model.trainable_variables))
    ema(step)
    return l, hit, tf.reduce_mean(tf.reduce_max(g, 1))


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


step_fn = tf.function(mm if c.mode == "mm" else sup, jit_compile=bool(c.xla))


def pred(m, xx):
    return m.predict(xx, verbose=0, batch_size=500).argmax(1)


c0 = time.process_time()
marks = []
hits = []
for s in range(c.steps):
    o = step_fn(tf.constant(s, tf.float32))
    hits.append(o[1:])
    if s == 0:
        first = time.process_time() - c0
        c1 = time.process_time()
    if c.timing and s == c.timing:
        break
    if (s + 1) % max(1, c.steps // 5) == 0 and not c.timing:
        h = np.mean([[float(a) for a in b] for b in hits], 0)
        hits = []
        marks.append(
            [round(float((pred(mean, xt) == yt).mean()), 4), round(h[0], 3), round(h[1], 3)]
        )
cpu = time.process_time() - c1
res = dict(
    cfg={k: v for k, v in cfg.items() if any(a.startswith(k + "=") for a in sys.argv[1:])},
    first=round(first, 1),
    cpu_ms=round(1000 * cpu / max(1, s), 1),
    cpu=round(cpu, 1),
    params=model.count_params(),
)
if not c.timing:
    p = pred(mean, xt)
    pu = pred(mean, x[unl])
    res["unl"] = round(float((pu == y[unl]).mean()), 4)
    res.update(
        marks=marks,
        ema=round(float((p == yt).mean()), 4),
        raw=round(float((pred(model, xt) == yt).mean()), 4),
        loss=round(float(o[0]), 3),
        recall=[round(float((p[yt == k] == k).mean()), 2) for k in range(10)],
        share=[round(float((p == k).mean()), 3) for k in range(10)],
    )
    for i in range(0, 4000, 500):
        mean(tf.gather(U, tf.range(i, i + 500)), training=True)
    for i in range(0, 8000, 500):
        mean(tf.gather(U, tf.range(i, i + 500)), training=True)
    p2 = pred(mean, xt)
    res["pbn"] = round(float((p2 == yt).mean()), 4)
    if c.conf:
        res["conf"] = [[int(((yt == a) & (p == b)).sum()) for b in range(10)] for a in range(10)]
print(json.dumps(res), flush=True)
open(HERE / "trials.jsonl", "a").write(json.dumps(res) + "\n")
