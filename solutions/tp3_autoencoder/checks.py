"""What is graded in TP3, autoencoders: each part declares its exercises on `lab`."""

# ruff: noqa: F401
import part1_network
import part2_measure
import part3_study
import part4_latent
from lab import lab
