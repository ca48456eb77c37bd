"""Mistakes that have no name: each loses exactly these checks, and is given no name that is false of it."""

from checks import lab

lab.unforeseen("base-2", "powers of 2 instead of e", "des puissances de 2 au lieu de e",
    edits=[("np.exp(shifted)", "np.exp2(shifted)")], loses=["softmax.values", "softmax.large"])
