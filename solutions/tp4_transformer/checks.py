"""What is graded in TP4, the Transformer from scratch: each part declares its exercises on `lab`."""

# ruff: noqa: F401
import part1_attention
import part2_heads
import part2_layers
import part3_pairs
import part3_transformer
import part4_decoding
import part5_training
from lab import lab
