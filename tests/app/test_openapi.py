"""The server against its own OpenAPI document: requests drawn from it, answers held against it."""

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import picture

load_all_checks()
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 5  # requests per address


def test_whatever_is_asked_is_answered_as_the_document_says(client):
    photo = client.post("/api/photos", content=picture(40, 30)).json()["id"]
    document = client.get("/openapi.json").json()
    base = str(client.base_url)
    schema = schemathesis.openapi.from_dict(document | {"servers": [{"url": base}]})
    asked = set()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    def ask(case) -> None:
        # Half of the requests are about a photo that is there, so that more than "not found" is tried.
        if "photo_id" in case.path_parameters and len(asked) % 2:
            case.path_parameters["photo_id"] = photo
        asked.add((case.method, case.path, str(case.path_parameters), str(case.query), str(case.body)))
        case.call_and_validate(base_url=base, checks=CHECKS, timeout=60)

    addresses = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.method.upper() == "DELETE" and "sessions" in operation.path:
            continue  # would take the photo away from the others
        addresses += 1
        given(case=operation.as_strategy())(ask)()
    assert addresses >= 20 and len(asked) > 2 * addresses
