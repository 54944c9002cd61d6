"""The OpenAPI document is true: schemathesis asks what it says, on a real server.

Every operation gets a few dozen requests made from the document, right and wrong ones; half of
them name books, panels and searches that exist, or nothing beyond "not found" would be seen. An
answer must have a status and a form that the document names, and nothing may end in a server error.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from longbox.library import Library
from longbox.web.api.describing import describe, kind_of

with warnings.catch_warnings():
    # Warnings of what it imports are not ours.
    warnings.simplefilter("ignore", DeprecationWarning)
    import schemathesis
    from schemathesis import GenerationMode, checks
    from schemathesis.core.failures import FailureGroup

N_EXAMPLES = 12
# The model takes seconds the first time, and a second for every book that it has not read yet.
FEW_EXAMPLES = {
    "/api/v1/panels/{panel_id}/understanding",
    "/api/v1/panels/{panel_id}/attention",
    "/api/v1/books/{book_id}/study",
}
# Server-sent events end when the jobs do.
SKIPPED = {("GET", "/api/v1/jobs/events")}
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def _known(library: Library) -> dict[str, list[str]]:
    saved = library.save_search("robots", "q=robot")
    book = max(library.books().books, key=lambda each: each.n_panels)
    return {
        "book_id": [book.book_id],
        "panel_id": [f"{book.book_id}-0001-00", f"{book.book_id}-0000-00"],
        "search_id": [saved.search_id],
        "study_id": [path.stem for path in sorted(library.root.glob("studies/*.json"))],
        "page_index": ["0", "1"],
    }


def _faults(operation: Any, known: dict[str, list[str]]) -> Iterator[str]:
    found: list[str] = []
    wanted = [checks.CHECKS.get_one(name) for name in _CHECKS]

    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    try:
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    except Unsatisfiable:  # it takes no parameters, so nothing about them can be wrong
        wrong = right

    @given(case=st.one_of(right, wrong), choice=st.integers(0, 3))
    @settings(
        max_examples=4 if operation.path in FEW_EXAMPLES else N_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, choice: int) -> None:
        if choice and case.path_parameters:
            for name, values in known.items():
                if name in case.path_parameters:
                    case.path_parameters[name] = values[choice % len(values)]
        response = case.call(timeout=60)
        try:
            case.validate_response(response, checks=wanted)
        except FailureGroup as failures:
            asked = f"{case.method} {response.request.url} -> {response.status_code}"
            found.extend(f"{asked}: {failure}" for failure in failures.exceptions)

    ask()
    yield from dict.fromkeys(found)


def test_every_answer_is_as_the_document_says(served_copy: Any) -> None:
    checks.load_all_checks()
    schema = schemathesis.openapi.from_url(f"{served_copy.address}/api/v1/openapi.json")
    known = _known(served_copy.app.state.services.library)
    faults: list[str] = []
    n_operations = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) in SKIPPED:
            continue
        n_operations += 1
        faults += list(_faults(operation, known))[:5]
    assert n_operations > 15
    assert not faults, "\n\n".join(faults)


def test_the_document_names_every_operation_once(served: Any) -> None:
    document = httpx.get(f"{served.address}/api/v1/openapi.json").json()
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    assert len(set(names)) == len(names)
    assert all(
        operation.get("description")
        for methods in document["paths"].values()
        for operation in methods.values()
    )


def test_the_apis_page_shows_every_operation(served: Any) -> None:
    document = httpx.get(f"{served.address}/api/v1/openapi.json").json()
    page = httpx.get(f"{served.address}/api")
    assert page.status_code == 200
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in page.text
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page.text
    for model in document["components"]["schemas"]:
        is_fastapis = model in ("HTTPValidationError", "ValidationError")
        assert (f'id="model-{model}"' in page.text) != is_fastapis
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "anything"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole number, 1 to 9"),
        ({"type": "number", "minimum": 0}, "number, 0 or more"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Job"}}, "list of Job"),
        ({"enum": ["a", "b"]}, "a, b"),
        ({"type": "string", "maxLength": 2000}, "text, at most 2,000 characters"),
        ({"type": "string", "format": "binary"}, "bytes"),
    ],
)
def test_schemas_are_put_into_words(schema: dict[str, Any], words: str) -> None:
    assert kind_of(schema).words == words


def test_a_document_without_operations_is_an_empty_page() -> None:
    page = describe({"paths": {}, "info": {"version": "1"}}, "http://here")
    assert page.subjects == {}
    assert page.models == ()
