"""The OpenAPI document in words: operations by subject, their parameters and answers, and models.

Nothing is written by hand here, so that the page cannot say what the server does not do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_EXAMPLES: Final = {
    "book_id": "3f2a9c81d0e45b77",
    "panel_id": "3f2a9c81d0e45b77-0012-03",
    "search_id": "0123456789ab",
    "job_id": "0123456789ab",
    "study_id": "clusters-0123456789ab",
    "page_index": "12",
    "q": "rain on a roof",
    "space": "vision",
    "path": "/home/me/comics",
}
_MOST_CHOICES: Final = 12
_SIMPLE: Final = {"object": "object", "boolean": "true or false", "null": "null"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is, in words; with the model that it is made of, if it is."""

    words: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one field of a body, an answer or a model.

    Attributes:
        place: "path", "query", "header"; empty for a field of a model.
        default: As JSON would say it; empty for none.
    """

    name: str
    kind: Kind
    is_required: bool
    description: str = ""
    place: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers with one status."""

    status: str
    description: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked.

    Attributes:
        name: For links to it.
        about: What it does: the first sentence, and what follows.
        body: Of the request; None for none.
        curl: A command that asks it.
        answers: When it goes well.
        refusals: Statuses of the other answers.
    """

    name: str
    method: str
    path: str
    about: tuple[str, str]
    parameters: tuple[Field, ...]
    body: Kind | None
    body_type: str
    answers: tuple[Answer, ...]
    refusals: tuple[str, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Model:
    """A named value: its fields, or the values that it can have."""

    name: str
    about: str
    fields: tuple[Field, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApiPage:
    """All that the page shows; operations by subject."""

    version: str
    summary: str
    subjects: dict[str, tuple[Operation, ...]]
    models: tuple[Model, ...]


def describe(document: Mapping[str, Any], address: str) -> ApiPage:
    """Put an OpenAPI document into words.

    Args:
        document: As FastAPI makes it.
        address: Where the server is, without a slash at its end, for the examples.
    """
    subjects: dict[str, list[Operation]] = {}
    for path, method, operation in _operations(document):
        subject = (operation.get("tags") or ["further"])[0]
        subjects.setdefault(subject, []).append(_operation(path, method, operation, address))
    schemas = document.get("components", {}).get("schemas", {})
    hidden = ("HTTPValidationError", "ValidationError")
    models = tuple(_model(n, s) for n, s in sorted(schemas.items()) if n not in hidden)
    info = document["info"]
    return ApiPage(
        info["version"],
        info.get("summary", ""),
        {subject: tuple(found) for subject, found in subjects.items()},
        models,
    )


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """Say what a schema allows."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Kind(name, name)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _joined([kind_of(each) for each in schema[several]])
    if "const" in schema:
        return Kind(str(schema["const"]))
    if "enum" in schema:
        return Kind(_choices([str(each) for each in schema["enum"]]))
    if schema.get("type") == "array":
        return _list(schema)
    return Kind(_plain(schema))


def _list(schema: Mapping[str, Any]) -> Kind:
    if "prefixItems" in schema:
        return Kind(f"list of {len(schema['prefixItems'])} values")
    inner = kind_of(schema.get("items") or {})
    return Kind(f"list of {inner.words}", inner.model)


def _plain(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "integer":
            return _bounded("whole number", schema)
        case "number":
            return _bounded("number", schema)
        case "string":
            return _text(schema)
    return _SIMPLE.get(str(schema.get("type")), "anything")


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


def _operation(path: str, method: str, said: Mapping[str, Any], address: str) -> Operation:
    parameters = tuple(_parameter(each) for each in said.get("parameters", ()))
    body, body_type = _body(said)
    responses = said.get("responses", {})
    good = [status for status in responses if status.startswith("2")]
    first, _, rest = _prose(said.get("description") or said.get("summary", "")).partition("\n")
    return Operation(
        name=str(said.get("operationId", f"{method}-{path}")),
        method=method.upper(),
        path=path,
        about=(first.strip(), " ".join(rest.split())),
        parameters=parameters,
        body=body,
        body_type=body_type,
        answers=tuple(_answer(status, responses[status]) for status in good),
        refusals=tuple(status for status in responses if status not in good),
        curl=_curl(path, method, parameters, body_type, address),
    )


def _parameter(said: Mapping[str, Any]) -> Field:
    schema = said.get("schema", {})
    return Field(
        str(said["name"]),
        kind_of(schema),
        bool(said.get("required")),
        str(said.get("description") or schema.get("description", "")),
        str(said["in"]),
        _default(schema),
    )


def _body(said: Mapping[str, Any]) -> tuple[Kind | None, str]:
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        return kind_of(content.get("schema", {})), str(kind)
    return None, ""


def _answer(status: str, said: Mapping[str, Any]) -> Answer:
    described = str(said.get("description", ""))
    for kind, content in said.get("content", {}).items():
        schema = content.get("schema")
        is_json = kind == "application/json" and schema
        return Answer(status, described, kind_of(schema) if is_json else Kind(str(kind)))
    return Answer(status, described, Kind("nothing"))


def _model(name: str, schema: Mapping[str, Any]) -> Model:
    required = schema.get("required", ())
    fields = tuple(
        Field(
            field,
            kind_of(said),
            field in required,
            str(said.get("description", "")),
            default=_default(said),
        )
        for field, said in schema.get("properties", {}).items()
    )
    choices = tuple(str(each) for each in schema.get("enum", ()))
    return Model(name, _prose(schema.get("description", "")), fields, choices)


def _curl(
    path: str, method: str, parameters: tuple[Field, ...], body_type: str, address: str
) -> str:
    query = []
    for field in parameters:
        example = _EXAMPLES.get(field.name, field.name.upper())
        if field.place == "path":
            path = path.replace(f"{{{field.name}}}", example)
        elif field.place == "query" and (field.is_required or field.name == "q"):
            query.append(f"{field.name}={example.replace(' ', '+')}")
    target = f"{address}{path}" + (f"?{'&'.join(query)}" if query else "")
    parts = ["curl", "" if method == "get" else f"-X {method.upper()}"]
    if body_type == "application/json":
        parts.append("-H 'Content-Type: application/json' -d @body.json")
    elif body_type:
        parts.append("-H 'Content-Type: image/png' --data-binary @picture.png")
    return " ".join(part for part in (*parts, f"'{target}'") if part)


def _joined(kinds: list[Kind]) -> Kind:
    model = next((kind.model for kind in kinds if kind.model), "")
    return Kind(" or ".join(dict.fromkeys(kind.words for kind in kinds)), model)


def _choices(values: list[str]) -> str:
    shown = ", ".join(values[:_MOST_CHOICES])
    return shown if len(values) <= _MOST_CHOICES else f"{shown} …"


def _bounded(words: str, schema: Mapping[str, Any]) -> str:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    if lowest is not None and highest is not None:
        return f"{words}, {lowest} to {highest}"
    if lowest is not None:
        return f"{words}, {lowest} or more"
    return f"{words}, at most {highest}" if highest is not None else words


def _text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "binary":
        return "bytes"
    if "pattern" in schema:
        return f"text like {schema['pattern']}"
    longest = schema.get("maxLength")
    return f"text, at most {longest:,} characters" if longest else "text"


def _prose(text: object) -> str:
    """Return a docstring as people read it."""
    return str(text).replace("`", "")


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "", [], {}) else str(value)
