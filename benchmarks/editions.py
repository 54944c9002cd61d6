"""Do picture hashes tell editions of a page from other pages?

    python benchmarks/editions.py [--comics DIR]

Pepper&Carrot is there in English, French and Japanese: the same pages lettered anew, in two sizes.
For every number of differing bits: editions found (recall) and pairs of different pages that would
be folded by mistake, over all pages of all works. The threshold is config's search.edition_bits.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from pathlib import Path

import imagehash
from PIL import Image

from longbox.config import SearchOptions
from report import SHARED, table, write


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    args = parser.parse_args()
    lines = (args.comics / "index.jsonl").read_text(encoding="utf-8").splitlines()
    pages = []
    for row in map(json.loads, lines):
        with Image.open(args.comics / row["image"]) as picture:
            value = int(str(imagehash.phash(picture.convert("RGB"))), 16)
        pages.append(((row["work"], row["page"]), row["lang"], value))
    same, other = Counter(), Counter()
    for (key_a, lang_a, a), (key_b, lang_b, b) in itertools.combinations(pages, 2):
        bits = (a ^ b).bit_count()
        if key_a == key_b and lang_a != lang_b:
            same[bits] += 1
        elif key_a != key_b:
            other[bits] += 1
    n_same, n_other = sum(same.values()), sum(other.values())
    rows = [
        {
            "bits": bits,
            "editions found": sum(same[b] for b in range(bits + 1)) / n_same,
            "other pairs folded": sum(other[b] for b in range(bits + 1)),
            "of": n_other,
        }
        for bits in range(0, 17, 2)
    ]
    print(table(rows))
    print(f"{n_same} pairs of editions; in use: {SearchOptions().edition_bits} bits")
    write("editions", {"n_pages": len(pages), "n_edition_pairs": n_same, "rows": rows})


if __name__ == "__main__":
    main()
