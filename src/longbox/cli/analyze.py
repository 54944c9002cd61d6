"""`longbox analyze`: what do the vectors know? Each sub-command has a file of its own."""

from __future__ import annotations

import typer

from longbox.cli import (
    analyze_atlas,
    analyze_book,
    analyze_clusters,
    analyze_concepts,
    analyze_health,
    analyze_kept,
    analyze_report,
    analyze_spaces,
)

app = typer.Typer(
    help="Study the library: what do its vectors know, with statistics.", no_args_is_help=True
)

app.command("concepts")(analyze_concepts.concepts)
app.command("clusters")(analyze_clusters.clusters)
app.command("ablation")(analyze_spaces.ablation)
app.command("book")(analyze_book.book)
app.command("report")(analyze_report.report)
app.command("list")(analyze_kept.list_studies)
app.command("show")(analyze_kept.show_study)
app.command("forget")(analyze_kept.forget_study)
app.command("health")(analyze_health.health)
app.command("atlas")(analyze_atlas.atlas)
