"""The longer recipe of TP2, and the set of weights that the kit ships (`lab.data("tweets_lstm")`).

    nice python longer.py [--epochs 12] [--units 512] [--pause 1]

Every finished epoch is kept in `.grader/longer/`: an interrupted run, or one that `--pause` stopped
after so many epochs, goes on where it was. The last epoch writes the set.

The model, the corpus and the split are the notebook's; only the arithmetic differs: matrix products
in bfloat16, and one product for each weight's gradient instead of one a time step: twice as
fast, measured, on a processor with instructions for it. Each epoch starts its windows at another place.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
NAMES = ("embeddings", "kernel", "recurrent_kernel", "bias", "logits_kernel", "logits_bias")


def half(x: Any) -> Any:
    return tf.cast(x, tf.bfloat16)


def product(a: Any, b: Any) -> Any:
    """a @ b in bfloat16, given back in float32."""
    return tf.cast(tf.matmul(half(a), half(b)), tf.float32)


@tf.custom_gradient
def recurrence(z: Any, recurrent: Any) -> Any:
    """The states of an LSTM that starts blank (Hochreiter and Schmidhuber, 1997, with forget gate).

    Args:
        z: what the input brings to the gates, float32 (T, B, 4U), T and U known; Keras' order
            input, forget, candidate, output.
        recurrent: float32 (U, 4U).

    Returns:
        float32 (T, B, U).
    """
    length, units = z.shape[0], recurrent.shape[0]
    kernel = half(recurrent)
    h = tf.zeros((tf.shape(z)[1], units))
    c, h_half = tf.zeros_like(h), half(h)
    kept, states = [], []
    for t in range(length):
        gates = z[t] + tf.cast(tf.matmul(h_half, kernel), tf.float32)
        i, f = tf.split(tf.sigmoid(gates[:, : 2 * units]), 2, axis=1)
        g, o = tf.tanh(gates[:, 2 * units : 3 * units]), tf.sigmoid(gates[:, 3 * units :])
        before = c
        c = f * c + i * g
        squashed = tf.tanh(c)
        h = o * squashed
        kept.append((i, f, g, o, before, squashed, h_half))
        h_half = half(h)
        states.append(h)

    def gradient(upstream: Any) -> tuple[Any, Any]:
        dh, dc = tf.zeros_like(h), tf.zeros_like(h)
        dz: list[Any] = [None] * length
        for t in reversed(range(length)):
            i, f, g, o, before, squashed, _ = kept[t]
            dh = dh + upstream[t]
            dc = dc + dh * o * (1 - squashed * squashed)
            parts = (
                dc * g * i * (1 - i),
                dc * before * f * (1 - f),
                dc * i * (1 - g * g),
                dh * squashed * o * (1 - o),
            )
            dz[t] = tf.concat([half(p) for p in parts], axis=1)
            dh = tf.cast(tf.matmul(dz[t], kernel, transpose_b=True), tf.float32)
            dc = dc * f
        stacked = tf.stack(dz)
        past = tf.reshape(tf.stack([k[-1] for k in kept]), (-1, units))
        of_kernel = tf.matmul(past, tf.reshape(stacked, (-1, 4 * units)), transpose_a=True)
        return tf.cast(stacked, tf.float32), tf.cast(of_kernel, tf.float32)

    return tf.stack(states), gradient


def logits(model: Any, ids: Any, dropout: float = 0.0) -> Any:
    """What the notebook's model gives, time first: int (B, T) → float32 (T, B, V)."""
    embedding, lstm, dense = (model.get_layer(n) for n in ("embedding", "lstm", "logits"))
    length = ids.shape[1]
    x = tf.gather(embedding.embeddings.value, tf.transpose(ids))
    z = product(tf.reshape(x, (-1, x.shape[-1])), lstm.cell.kernel.value) + lstm.cell.bias.value
    z = tf.reshape(z, (length, -1, z.shape[-1]))
    h = recurrence(z, lstm.cell.recurrent_kernel.value)
    if dropout:
        h = tf.nn.dropout(h, dropout)
    out = product(tf.reshape(h, (-1, h.shape[-1])), dense.kernel.value) + dense.bias.value
    return tf.reshape(out, (length, -1, out.shape[-1]))


def schedule(steps: int, rate: float) -> Any:
    """The notebook's: a warm-up over a twentieth of the steps, then a cosine down to 2 %."""
    warmup = steps // 20
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, alpha=0.02, warmup_target=rate, warmup_steps=warmup
    )


def training_step(model: Any, optimizer: Any, batch: int, length: int, dropout: float) -> Any:
    """Function (inputs, targets), int32 (batch, length) each → loss in nats; one step of training."""
    variables = model.trainable_variables

    @tf.function(input_signature=[tf.TensorSpec((batch, length), tf.int32)] * 2)
    def step(inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=tf.transpose(targets), logits=logits(model, inputs, dropout)
            )
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)
        return loss

    return step


def pack(model: Any, vocabulary: list[str]) -> dict[str, np.ndarray]:
    """The weights in half precision (biases in single), and the symbols, as the kit ships them."""
    arrays = {n: np.asarray(w) for n, w in zip(NAMES, model.get_weights(), strict=True)}
    packed = {n: a.astype(np.float16 if a.ndim > 1 else np.float32) for n, a in arrays.items()}
    symbols = np.frombuffer("".join(vocabulary).encode(), np.uint8)
    return {**packed, "vocabulary": symbols}


def measured(names: Any, model: Any, symbols: list[str], train: list[str], test: list[str]) -> Any:
    """Bits per character of the packed weights: (2,000 texts of the training, all of the test)."""
    kept = pack(model, symbols)
    whole = model.get_weights()
    model.set_weights([kept[n].astype(np.float32) for n in NAMES])
    picked = np.random.default_rng(0).choice(len(train), min(2000, len(train)), replace=False)
    groups = ([train[i] for i in picked], test)
    found = [names["bits_per_character"](model, names["as_rows"](g, symbols)) for g in groups]
    model.set_weights(whole)
    return found


def main() -> None:
    from corpus import corpora, reference, vocabulary

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dropout", type=float, default=0.25)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--pause", type=int, default=0, help="stop after so many epochs; 0: go on")
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "data" / "tweets_lstm")
    options = parser.parse_args()
    names, (train, test) = reference(), corpora()["tweets"]
    symbols = vocabulary()
    stream, batch, length = names["as_stream"](train, symbols), 64, options.length
    keras.utils.set_random_seed(options.seed)
    model = names["build_model"](len(symbols), 64, options.units)
    steps = (len(stream) - length - 1) // length // batch * options.epochs
    optimizer = keras.optimizers.Adam(schedule(steps, options.rate), global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)
    step = training_step(model, optimizer, batch, length, options.dropout)

    recipe = (
        f"{options.units}-{options.epochs}-{options.rate}-{options.dropout}-{length}-{options.seed}"
    )
    checkpoint = HERE.parents[1] / ".grader" / "longer" / f"{recipe}.npz"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    variables = [*model.variables, *optimizer.variables]
    done = 0
    if checkpoint.is_file():
        with np.load(checkpoint) as file:
            done = int(file["done"])
            for i, variable in enumerate(variables):
                variable.assign(file[f"v{i}"])
    last = min(options.epochs, done + options.pause) if options.pause else options.epochs
    rows = names["as_rows"](test[::4], symbols)
    for epoch in range(done, last):
        began, cpu = time.perf_counter(), time.process_time()
        rng = np.random.default_rng((options.seed, epoch))
        inputs, targets = names["make_windows"](stream[rng.integers(length) :], length)
        order = rng.permutation(len(inputs))[: len(inputs) // batch * batch].reshape(-1, batch)
        nats = float(np.mean([float(step(inputs[i], targets[i])) for i in order]))
        bits = names["bits_per_character"](model, rows)
        print(
            f"{epoch + 1} train {nats / math.log(2):.3f} test {bits:.3f}"
            f" {time.perf_counter() - began:.0f} s, {time.process_time() - cpu:.0f} s of processor",
            flush=True,
        )
        state = {f"v{i}": np.asarray(v) for i, v in enumerate(variables)}
        fresh = checkpoint.with_suffix(".new.npz")
        np.savez(fresh, done=epoch + 1, **state)
        fresh.replace(checkpoint)
    if last == options.epochs:
        seen, new = measured(names, model, symbols, train, test)
        options.out.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(options.out / "tweets_lstm.npz", **pack(model, symbols))
        print(f"bits per character: train {seen:.3f} test {new:.3f}", flush=True)


if __name__ == "__main__":
    main()
