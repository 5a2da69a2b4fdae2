"""The page ``/docs``: what may be asked of the server, drawn from its OpenAPI document. It needs no script."""

import re
from html import escape
from string import Template

_PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title: the HTTP API</title>
<link rel="stylesheet" href="reference.css">
<main>
<h1>$title $version</h1>
<p>$summary Addresses are relative to the app's own. Places are photo pixels (x right, y down), colors sRGB
<code>#rrggbb</code>. Every failure is <code>{"error": "what, why, and what to do"}</code>. The same as a document for
programs: <a href="openapi.json">openapi.json</a>.</p>
<nav>$contents</nav>
$operations
<h2 id="messages">Messages</h2>
$messages
</main>
</html>
""")


def reference_page(document: dict) -> str:
    """The page of an OpenAPI document, HTML."""
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    subjects = dict.fromkeys(tag for _, _, operation in operations for tag in operation.get("tags", ["other"]))
    sections = []
    for subject in subjects:
        own = [o for o in operations if subject in o[2].get("tags", ["other"])]
        sections.append(f'<h2 id="{_anchor(subject)}">{escape(subject.capitalize())}</h2>')
        sections += [_operation(*o) for o in own]
    links = [*((_anchor(subject), subject.capitalize()) for subject in subjects), ("messages", "Messages")]
    return _PAGE.substitute(
        title=escape(document["info"]["title"]),
        version=escape(document["info"]["version"]),
        summary=escape(document["info"].get("summary", "")),
        contents=" ".join(f'<a href="#{anchor}">{escape(name)}</a>' for anchor, name in links),
        operations="\n".join(sections),
        messages="\n".join(_message(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


def _anchor(name: str) -> str:
    return escape(name.replace(" ", "-").lower())


def _operation(method: str, path: str, operation: dict) -> str:
    parts = [
        f"<section><h3><b>{escape(method.upper())}</b> <code>{escape(path)}</code></h3>",
        _text(operation.get("description", "")),
    ]
    rows = [
        (f"<code>{escape(p['name'])}</code>", f"{_type(p['schema'])}{'' if p.get('required') else ', optional'}")
        for p in operation.get("parameters", [])
    ]
    if "requestBody" in operation:
        body = operation["requestBody"]
        kinds = ", ".join(_content(kind, media) for kind, media in body["content"].items())
        rows.append(("body", f"{kinds} {escape(body.get('description', ''))}"))
    for status, answer in sorted(operation["responses"].items()):
        kinds = ", ".join(_content(kind, media) for kind, media in answer.get("content", {}).items())
        rows.append((escape(status), f"{escape(answer['description'])} {kinds}"))
    table = "".join(f"<tr><th>{name}<td>{what}" for name, what in rows)
    return "".join([*parts, f"<table>{table}</table></section>"])


def _text(docstring: str) -> str:
    """A docstring's paragraphs, with what stands in double backquotes as code."""
    code = re.sub(r"``(.+?)``", r"<code>\1</code>", escape(docstring))
    return "".join(f"<p>{paragraph}</p>" for paragraph in code.split("\n\n"))


def _content(kind: str, media: dict) -> str:
    schema = media.get("schema", {})
    if schema.get("format") == "binary" or not schema:
        return f"<code>{escape(kind)}</code>"
    return _type(schema)


def _message(name: str, schema: dict) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><th><code>{escape(field)}</code><td>{_type(of)}{'' if field in required else ', optional'}"
        for field, of in schema.get("properties", {}).items()
    )
    text = _text(schema.get("description", ""))
    return f'<section id="{escape(name)}"><h3>{escape(name)}</h3>{text}<table>{rows}</table></section>'


def _type(schema: dict) -> str:
    """A schema in words, HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([escape(schema.get("type", "anything")), *limits])
