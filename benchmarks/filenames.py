"""How well file names are read: Longbox's parser beside comicfn2dict, on names with known truth.

    python benchmarks/filenames.py [--errors]

The table below was written by hand after the habits that scanners, stores and readers follow. A
field is right when it equals the truth (series and titles without regard to case and punctuation,
numbers without padding); a whole name is right when series, number, volume and year are.
comicfn2dict knows no language, so its language column only counts the names that have none.

TUNED names were at hand while the parser was written; HELD names were written afterwards, and the
parser was not changed for them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RESULT = Path(__file__).resolve().parent / "results" / "filenames.json"
FIELDS = ("series", "number", "volume", "year", "title")


@dataclass(frozen=True, slots=True)
class Truth:
    """A file name and what it says."""

    name: str
    series: str | None = None
    number: str | None = None
    volume: int | None = None
    year: int | None = None
    title: str | None = None
    language: str | None = None


TUNED = (
    Truth("Batman 012 (2016) (Digital) (Zone-Empire).cbz", "Batman", "12", None, 2016),
    Truth("Batman #12 (2016).cbz", "Batman", "12", None, 2016),
    Truth("Saga 001 (of 12) (2012).cbr", "Saga", "1", None, 2012),
    Truth("Saga #1.5 (of 6).cbz", "Saga", "1.5"),
    Truth("The Walking Dead Vol. 3 Ch. 12.cbz", "The Walking Dead", "12", 3),
    Truth("Naruto v01 c003.cbz", "Naruto", "3", 1),
    Truth("Naruto_v01_c003.cbz", "Naruto", "3", 1),
    Truth("Naruto v72 (2015) (Digital) (danke-Empire).cbz", "Naruto", None, 72, 2015),
    Truth("[Group] One Piece - c012 (v02) [en].cbz", "One Piece", "12", 2, language="en"),
    Truth("Asterix - 05 - Le Tour de Gaule.cbz", "Asterix", "5", title="Le Tour de Gaule"),
    Truth(
        "Lucky Luke - T12 - Les Cousins Dalton [fr].cbz",
        "Lucky Luke",
        None,
        12,
        None,
        "Les Cousins Dalton",
        "fr",
    ),
    Truth("100 Bullets 012.cbr", "100 Bullets", "12"),
    Truth("300.cbz", "300"),
    Truth("2000AD 1234 (2001).cbz", "2000AD", "1234", None, 2001),
    Truth("Blade Runner 2049.cbz", "Blade Runner 2049"),
    Truth("Spider-Man 2099 012 (1993).cbz", "Spider-Man 2099", "12", None, 1993),
    Truth("Amazing Spider-Man Annual #½ (1998).cbz", "Amazing Spider-Man Annual", "½", None, 1998),
    Truth("Wizard ½.cbz", "Wizard", "½"),
    Truth("001.cbz", None, "1"),
    Truth("001 - The Beginning.cbz", None, "1", title="The Beginning"),
    Truth("c012.cbz", None, "12"),
    Truth("Chapter 12.5.cbz", None, "12.5"),
    Truth("Vol. 3 Ch. 12.cbz", None, "12", 3),
    Truth("Pepper & Carrot 08 (en).pdf", "Pepper & Carrot", "8", language="en"),
    Truth("Fables 012 - The Last Castle (2003).cbr", "Fables", "12", None, 2003, "The Last Castle"),
    Truth("Batman.v2.012.(2013).(Digital).cbz", "Batman", "12", 2, 2013),
    Truth("The.Sandman.045.(1993).cbr", "The Sandman", "45", None, 1993),
    Truth("X-Men v1 094 (1975-08) (Digital).cbz", "X-Men", "94", 1, 1975),
    Truth("Conan 003 (Apr 2004).cbz", "Conan", "3", None, 2004),
    Truth("Detective Comics (1937-2011) 027.cbz", "Detective Comics", "27", None, 1937),
    Truth("Batman (1940) 001.cbz", "Batman", "1", None, 1940),
    Truth("Y - The Last Man 06 (of 60) (2003).cbr", "Y - The Last Man", "6", None, 2003),
    Truth(
        "The Amazing Spider-Man #700.1 (2013).cbz", "The Amazing Spider-Man", "700.1", None, 2013
    ),
    Truth("Age of Ultron 010AU (2013).cbz", "Age of Ultron", "10AU", None, 2013),
    Truth(
        "Action Comics 023.1 - Cyborg Superman (2013).cbz",
        "Action Comics",
        "23.1",
        None,
        2013,
        "Cyborg Superman",
    ),
    Truth("Tintin - Tome 05 - Le Lotus bleu.pdf", "Tintin", None, 5, None, "Le Lotus bleu"),
    Truth("Attack on Titan Season 4 Ep. 12.cbz", "Attack on Titan", "12", 4),
    Truth("ワンピース 第12巻.zip", "ワンピース", None, 12),
    Truth("進撃の巨人 第3話.cbz", "進撃の巨人", "3"),
    Truth("나 혼자만 레벨업 12화.cbz", "나 혼자만 레벨업", "12"),
    Truth("海贼王 卷05 第042话.cbz", "海贼王", "42", 5),
    Truth("Watchmen.cbz", "Watchmen"),
    Truth("Maus - A Survivor's Tale (1991).pdf", "Maus - A Survivor's Tale", None, None, 1991),
    Truth("the-walking-dead-012-(2004).cbz", "the walking dead", "12", None, 2004),
    Truth("Berserk c001-008 (v01).cbz", "Berserk", "1-8", 1),
    Truth("Akira v01-06.cbz", "Akira", None, 1),
    Truth("Hellboy 03 of 05 (1994).cbr", "Hellboy", "3", None, 1994),
    Truth("X-Men #-1 (1997).cbz", "X-Men", "-1", None, 1997),
    Truth("Monster, Vol. 18.cbz", "Monster", None, 18),
    Truth("Bone Issue 5.cbz", "Bone", "5"),
    Truth("Corto Maltese n°3.cbz", "Corto Maltese", "3"),
    Truth("Die Abrafaxe Band 2 [de].cbz", "Die Abrafaxe", None, 2, language="de"),
    Truth("Mortadelo Tomo 7 (Spanish).cbz", "Mortadelo", None, 7, language="es"),
    Truth("Free Comic Book Day 2015.cbz", "Free Comic Book Day 2015"),
    Truth("Area 51 - 003.cbz", "Area 51", "3"),
    Truth("Vagabond v01 [Digital] [Viz] (2008).cbz", "Vagabond", None, 1, 2008),
    Truth("Invincible 144 (2018) (Digital) (F) (c2c).cbz", "Invincible", "144", None, 2018),
    Truth("Thor 001 (2020-03-04).cbz", "Thor", "1", None, 2020),
    Truth("My Comic.cbz", "My Comic"),
    Truth("Dr. Strange 05 (1974).cbz", "Dr. Strange", "5", None, 1974),
)
HELD = (
    Truth(
        "Amazing Spider-Man 078.BEY (2021) (Digital) (Zone-Empire).cbr",
        "Amazing Spider-Man",
        "78.BEY",
        None,
        2021,
    ),
    Truth("Superman - Red Son 02 (of 03) (2003) (c2c).cbr", "Superman - Red Son", "2", None, 2003),
    Truth("Uncanny_X-Men_141_(1981)_(c2c)_(Team-DCP).cbz", "Uncanny X-Men", "141", None, 1981),
    Truth("Wonder Woman V2 #005.cbz", "Wonder Woman", "5", 2),
    Truth("Batman '66 013 (2014) (digital).cbz", "Batman '66", "13", None, 2014),
    Truth(
        "Captain America 100th Anniversary Special 001 (2021).cbz",
        "Captain America 100th Anniversary Special",
        "1",
        None,
        2021,
    ),
    Truth("Deadpool (2015) 008.1 (2016) (Digital).cbz", "Deadpool", "8.1", None, 2015),
    Truth(
        "Cyberpunk 2077 - Trauma Team 03 (2020).cbr",
        "Cyberpunk 2077 - Trauma Team",
        "3",
        None,
        2020,
    ),
    Truth(
        "Dragon Ball - Volume 42 - Bye-Bye Dragon World.cbz",
        "Dragon Ball",
        None,
        42,
        None,
        "Bye-Bye Dragon World",
    ),
    Truth("Chainsaw Man - c097 (mag) [VIZ Media].cbz", "Chainsaw Man", "97"),
    Truth("Chainsaw Man Ch.097.cbz", "Chainsaw Man", "97"),
    Truth("[MangaPlus] Spy x Family - 062 [2022].cbz", "Spy x Family", "62", None, 2022),
    Truth("Yotsuba&! v15 (2021) (Digital) (1r0n).cbz", "Yotsuba&!", None, 15, 2021),
    Truth("20th Century Boys v01 (2018) (Digital).cbz", "20th Century Boys", None, 1, 2018),
    Truth("20th Century Boys c012.cbz", "20th Century Boys", "12"),
    Truth("Solo Leveling Episode 110.cbz", "Solo Leveling", "110"),
    Truth("Tower of God S3 Ep 45.cbz", "Tower of God", "45", 3),
    Truth(
        "Blacksad T01 - Quelque part entre les ombres (2000) [fr].cbz",
        "Blacksad",
        None,
        1,
        2000,
        "Quelque part entre les ombres",
        "fr",
    ),
    Truth(
        "Les Aventures de Tintin - 21 - Les Bijoux de la Castafiore.cbz",
        "Les Aventures de Tintin",
        "21",
        title="Les Bijoux de la Castafiore",
    ),
    Truth(
        "Spirou et Fantasio - Tome 23 - Tora Torapa (1973).pdf",
        "Spirou et Fantasio",
        None,
        23,
        1973,
        "Tora Torapa",
    ),
    Truth("XIII - 05 - Rouge Total.cbr", "XIII", "5", title="Rouge Total"),
    Truth("Lustiges Taschenbuch Nr. 512.cbz", "Lustiges Taschenbuch", "512"),
    Truth("Nathan Never n. 200.cbz", "Nathan Never", "200"),
    Truth(
        "Dylan Dog 001 - L'alba dei morti viventi (Italian).cbz",
        "Dylan Dog",
        "1",
        title="L'alba dei morti viventi",
        language="it",
    ),
    Truth("Mafalda Tomo 3 [es].cbz", "Mafalda", None, 3, language="es"),
    Truth("Turma da Mônica 050 (pt-BR).cbz", "Turma da Mônica", "50", language="pt"),
    Truth("鋼の錬金術師 27巻.cbz", "鋼の錬金術師", None, 27),
    Truth("ドラえもん 第5巻 第3話.cbz", "ドラえもん", "3", 5),
    Truth("신의 탑 3권.cbz", "신의 탑", None, 3),
    Truth(
        "Judge Dredd Megazine 450 (2022) (Digital-Empire).cbr",
        "Judge Dredd Megazine",
        "450",
        None,
        2022,
    ),
    Truth("Heavy Metal 1977-04 (c2c).cbz", "Heavy Metal", None, None, 1977),
    Truth("Sandman Overture 01 (of 06) (Dec 2013).cbz", "Sandman Overture", "1", None, 2013),
    Truth("Planetary 027 (October 2009).cbr", "Planetary", "27", None, 2009),
    Truth("Crisis on Infinite Earths #12 (of 12).cbz", "Crisis on Infinite Earths", "12"),
    Truth(
        "Watchmen 01 - At Midnight, All the Agents.cbz",
        "Watchmen",
        "1",
        title="At Midnight, All the Agents",
    ),
    Truth("V for Vendetta.cbz", "V for Vendetta"),
    Truth("V for Vendetta 07 (of 10) (1989).cbz", "V for Vendetta", "7", None, 1989),
    Truth(
        "Sin City v2 - A Dame to Kill For (2005).cbz",
        "Sin City",
        None,
        2,
        2005,
        "A Dame to Kill For",
    ),
    Truth("Scott Pilgrim 4.cbz", "Scott Pilgrim", "4"),
    Truth("East of West 45.cbz", "East of West", "45"),
    Truth("Fantastic.Four.v1.048.1966.Digital.cbz", "Fantastic Four", "48", 1, 1966),
    Truth("X-23 003 (2010).cbz", "X-23", "3", None, 2010),
    Truth(
        "DC 100-Page Super Spectacular 005 (1971).cbr",
        "DC 100-Page Super Spectacular",
        "5",
        None,
        1971,
    ),
    Truth("Ms. Marvel 19 (2017).cbz", "Ms. Marvel", "19", None, 2017),
    Truth("2000 AD Prog 2200 (2020).cbz", "2000 AD", "2200", None, 2020),
    Truth("1602 001 (2003).cbz", "1602", "1", None, 2003),
    Truth("Space Battleship Yamato 2199 v02.cbz", "Space Battleship Yamato 2199", None, 2),
    Truth(
        "Oblivion Song by Kirkman & De Felici 025 (2020).cbr",
        "Oblivion Song by Kirkman & De Felici",
        "25",
        None,
        2020,
    ),
    Truth("Haruko.epub", "Haruko"),
    Truth("Volume 07.cbz", None, None, 7),
    Truth(
        "Kill or be Killed #3 (2016) [English].cbz",
        "Kill or be Killed",
        "3",
        None,
        2016,
        None,
        "en",
    ),
    Truth("Usagi Yojimbo Book 01 - The Ronin.cbz", "Usagi Yojimbo", None, 1, None, "The Ronin"),
)


def words(text: str | None) -> str:
    """Return a text's letters and digits for comparison."""
    return " ".join(re.findall(r"\w+", (text or "").casefold()))


def plain_number(text: object) -> str:
    """Return a number without padding, marker or case."""
    return re.sub(r"^(-?)0+(?=[0-9])", r"\1", str(text or "").strip().lower().lstrip("#c"))


def read_longbox(name: str) -> dict[str, object]:
    """Read a name with Longbox."""
    from longbox.ingest.filename import parse_name

    found = parse_name(name)
    return {field: getattr(found, field) for field in (*FIELDS, "language")}


def read_comicfn2dict(name: str) -> dict[str, object]:
    """Read a name with comicfn2dict."""
    from comicfn2dict import comicfn2dict

    found = comicfn2dict(name)
    names = {
        "series": "series",
        "number": "issue",
        "volume": "volume",
        "year": "year",
        "title": "title",
    }
    return {ours: found.get(theirs) for ours, theirs in names.items()}


def is_right(field: str, truth: object, found: object) -> bool:
    """Whether a field was read as it is meant."""
    if field in ("series", "title"):
        return words(truth if isinstance(truth, str) else None) == words(
            found if isinstance(found, str) else None
        )
    if field == "language":
        return truth == found
    return plain_number(truth) == plain_number(found)


def score(
    table: tuple[Truth, ...], read: Callable[[str], dict[str, object]], *, errors: bool
) -> dict[str, float]:
    """Return the share of names right in each field, and in the four that identify an issue."""
    right = dict.fromkeys((*FIELDS, "language", "whole"), 0)
    for truth in table:
        found = read(truth.name)
        verdict = {
            field: is_right(field, getattr(truth, field), found.get(field))
            for field in (*FIELDS, "language")
        }
        verdict["whole"] = all(verdict[field] for field in ("series", "number", "volume", "year"))
        for field, good in verdict.items():
            right[field] += good
        if errors and not (verdict["whole"] and verdict["title"] and verdict["language"]):
            wrong = {
                field: found.get(field) for field in (*FIELDS, "language") if not verdict[field]
            }
            print(f"  {truth.name}: {wrong}")
    return {field: round(count / max(len(table), 1), 4) for field, count in right.items()}


def main() -> None:
    """Score both readers on both tables, print a table and write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--errors", action="store_true", help="print every name that Longbox reads wrong"
    )
    args = parser.parse_args()
    readers = {"longbox": read_longbox, "comicfn2dict": read_comicfn2dict}
    tables = {"tuned": TUNED, "held": HELD}
    scores: dict[str, dict[str, dict[str, float]]] = {}
    print(
        f"{'names':6} {'n':>3} {'reader':13} "
        + " ".join(f"{name:>8}" for name in (*FIELDS, "language", "whole"))
    )
    for table_name, table in tables.items():
        for reader_name, read in readers.items():
            result = score(table, read, errors=args.errors and reader_name == "longbox")
            scores.setdefault(table_name, {})[reader_name] = result
            print(
                f"{table_name:6} {len(table):3} {reader_name:13} "
                + " ".join(f"{value:8.3f}" for value in result.values())
            )
    started = time.perf_counter()
    for truth in TUNED + HELD:
        read_longbox(truth.name)
    per_name_ms = 1000 * (time.perf_counter() - started) / len(TUNED + HELD)
    print(f"longbox: {per_name_ms:.3f} ms a name")
    RESULT.parent.mkdir(exist_ok=True)
    document = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "n": {name: len(table) for name, table in tables.items()},
        "seed": None,
        "scores": scores,
        "ms_per_name": round(per_name_ms, 4),
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
