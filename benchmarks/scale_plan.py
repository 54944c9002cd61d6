"""What 1.2 million and 100 million pages take: time, money, bytes and the bottleneck.

    python benchmarks/scale_plan.py

Reads what was measured (benchmarks/results: index_shelf, sequence_cost, large_library) and
multiplies; nothing here is measured anew. A worker is one core of the machine of those figures.
Prices are those of June 2026, on demand, in us-east-1: change PRICES for others. What a GPU would
save is not measured: GPU_SPEEDUP says for how many cores one is taken where networks run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from report import RESULTS, table, write

PAGES_A_BOOK = 30
PANELS_A_PAGE = 5.83
# Dollars an hour of one core, and of one GPU with its cores; of a gigabyte-month of object storage.
# m7g.large has two cores at 0.0816, g5.xlarge an A10G and four cores at 1.006:
# "Amazon EC2 On-Demand Pricing", June 2026; S3 Standard, first 50 TB.
PRICES = {"core": 0.0816 / 2, "gpu": 1.006, "gb_month": 0.023}
GPU_SPEEDUP = 20
NETWORKS = ("text", "panels", "vision", "sentences", "page_types")


@dataclass(frozen=True)
class Costs:
    """Unit costs, in seconds of one core unless named otherwise."""

    networks_a_page: float
    rest_a_page: float
    embed_a_panel: float
    merge_a_book: float
    index_a_panel: float
    bytes_a_panel: float


@dataclass(frozen=True)
class Fleet:
    """Machines that a shelf is put on."""

    name: str
    cores: int
    gpus: int


FLEETS = (
    Fleet("this machine", 2, 0),
    Fleet("one workstation", 16, 0),
    Fleet("100 CPU workers", 100, 0),
    Fleet("8 GPUs", 32, 8),
)


def read(name: str) -> dict[str, Any]:
    """Read a result."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def costs() -> Costs:
    """Gather the unit costs."""
    shelf, large = read("index_shelf"), read("large_library")["sizes"]
    n_pages = shelf["summary"]["pages"]
    networks = sum(shelf["stages"][name] for name in NETWORKS)
    rest = sum(shelf["stages"].values()) - networks
    shipped = next(e for e in read("sequence_cost")["embedding"] if e["model"] == "shipped size")
    n_panels, largest = max((int(n), found) for n, found in large.items())
    return Costs(
        networks_a_page=networks / n_pages,
        rest_a_page=rest / n_pages,
        embed_a_panel=shipped["threads"] / shipped["panels a second"],
        merge_a_book=largest["merge_ms_a_book"] / 1e3,
        index_a_panel=2 * largest["index"]["s"] / n_panels,
        bytes_a_panel=largest["bytes_a_panel"],
    )


def plan(n_pages: int, fleet: Fleet, unit: Costs) -> dict[str, Any]:
    """Work out one shelf on one fleet."""
    n_panels, n_books = n_pages * PANELS_A_PAGE, n_pages / PAGES_A_BOOK
    networks, rest = n_pages * unit.networks_a_page, n_pages * unit.rest_a_page
    embedding = n_panels * unit.embed_a_panel
    power = fleet.gpus * GPU_SPEEDUP or fleet.cores
    parts = {
        "networks": networks / power,
        "files and pictures": rest / fleet.cores,
        "embedding": embedding / power,
        # One writer merges, and one machine indexes: neither is divided.
        "merging": n_books * unit.merge_a_book,
        "indexes": n_panels * unit.index_a_panel / min(fleet.cores, 16),
    }
    # Merging goes on beside the workers; the indexes come after.
    beside = max(
        parts["networks"] + parts["files and pictures"] + parts["embedding"], parts["merging"]
    )
    hours = (beside + parts["indexes"]) / 3600
    price = PRICES["gpu"] * fleet.gpus if fleet.gpus else PRICES["core"] * fleet.cores
    gigabytes = n_panels * unit.bytes_a_panel / 1e9
    return {
        "pages": f"{n_pages:,}",
        "on": fleet.name,
        "hours": hours,
        "days": hours / 24,
        "dollars": hours * price,
        "GB": gigabytes,
        "dollars a month kept": gigabytes * PRICES["gb_month"],
        "bottleneck": max(parts, key=lambda name: parts[name]),
    }


def main() -> None:
    """Print the plan."""
    unit = costs()
    units = {name: float(getattr(unit, name)) for name in Costs.__dataclass_fields__}
    print(table([{"unit": name, "cost": value} for name, value in units.items()]))
    rows = [plan(n, fleet, unit) for n in (1_200_000, 100_000_000) for fleet in FLEETS]
    print(table(rows))
    write(
        "scale_plan", {"units": units, "prices": PRICES, "gpu_speedup": GPU_SPEEDUP, "rows": rows}
    )


if __name__ == "__main__":
    main()
