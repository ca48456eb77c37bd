"""3 of TP4, a bonus: byte-pair merging."""

from __future__ import annotations

from lab import lab

from grader.authoring import Draw, Exact, Student

pairs = lab.exercise("pairs", "3", "Bonus: byte-pair merging", "Bonus : fusion de paires",
    "learn_merges",
    read=("“From text to tokens” and Sennrich et al., 2016",
          "« Du texte aux tokens » et Sennrich et al., 2016"))

# Letters 0 to 4 hold the merges 01, 012, 34, 01234, of 9, 6, 5 and 3 places; of others there is one each. A
# pair counted once per word comes in another order.
PLACES = ["01 5 01", "6 01", "012 7 012 8 012", "01234 9 01234", "01234", "34 A", "B 34"]


@pairs.check("merges", 0.5, "merges", "fusions", bonus=True, expect={"out": Exact()},
    asked=("seven words, four merges", "sept mots, quatre fusions"))
def _(draw: Draw, student: Student):
    letters = draw.rng.permutation(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(letters[int(c, 12)] for c in word.replace(" ", "")) for word in PLACES]
    return student.learn_merges([words[i] for i in draw.rng.permutation(len(words))], 4)


pairs.slip("pairs-once-per-word",
    "a pair that a word holds twice is counted once",
    "une paire présente deux fois dans un mot est comptée une fois",
    ("for pair in zip(pieces, pieces[1:])", "for pair in sorted(set(zip(pieces, pieces[1:])))"),
    hint=[("how the pairs are counted", "comment les paires sont comptées"),
          ("in the one word abcab the pair (a, b) counts for 2",
           "dans le seul mot abcab, la paire (a, b) compte pour 2"),
          ("count occurrences, not words", "comptez des occurrences, pas des mots")],
    loses=["merges"])
pairs.slip("pairs-first-place-only",
    "only the first place of the pair in each word is glued",
    "seule la première place de la paire dans chaque mot est collée",
    ("pieces[i : i + 2] = [merges[-1]]", "pieces[i : i + 2] = [merges[-1]]\n                    break"),
    hint=[("where the best pair is glued", "où la meilleure paire est collée"),
          ("after the merge ab, the word abcab has the three pieces ab, c, ab",
           "après la fusion ab, le mot abcab a les trois pièces ab, c, ab"),
          ("go on to the end of the word", "continuez jusqu'à la fin du mot")],
    loses=["merges"])
pairs.slip("pairs-never-glued",
    "the best pair is noted, but the words keep their letters",
    "la meilleure paire est notée, mais les mots gardent leurs lettres",
    ("pieces[i : i + 2] = [merges[-1]]", "pass"),
    hint=[("what the next merge counts", "ce que compte la fusion suivante"),
          ("the second merge may glue a piece of two letters to a third one",
           "la deuxième fusion peut coller une pièce de deux lettres à une troisième"),
          ("replace the two pieces by one in every word",
           "remplacez les deux pièces par une seule dans chaque mot")],
    loses=["merges"])
