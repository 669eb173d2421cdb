"""The API under requests that are made up from its description: it answers as it says, and never with a fault."""

import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app import create_app
from fingerspell.collecting import Collection

pytestmark = pytest.mark.slow

API = "/api/v1"
place = tempfile.TemporaryDirectory()
app = create_app({"SESSIONS": 10**6, "VIDEOS_WAITING": 10**6}, collection=Collection("signs", Path(place.name)))
client = app.test_client()
headers = {"X-CSRFToken": client.get(f"{API}/token").json["token"]}
cookies = {"fingerspell": client.get_cookie("fingerspell").value}
schema = schemathesis.openapi.from_wsgi(f"{API}/openapi.json", app)


reached: dict[str, set[int]] = {}  # statuses by operation


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    app.extensions["readers"].close()
    app.extensions["jobs"].close()
    place.cleanup()


# By hand, not by `schema.parametrize`: pytest-xdist would take tests of one name for one.
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.label for one in OPERATIONS])
def test_every_operation_answers_as_it_is_described(operation):
    @settings(max_examples=10, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def ask(case):
        path = operation.path
        if path.startswith(f"{API}/sessions/") and len(case.path_parameters.get("id", "")) % 2:
            case.path_parameters["id"] = client.post(f"{API}/sessions", json={}, headers=headers).json["id"]
        # What is described as bytes need be a picture or a video to be taken.
        answer = case.call_and_validate(headers=headers, cookies=cookies, excluded_checks=[positive_data_acceptance])
        reached.setdefault(f"{operation.method.upper()} {path}", set()).add(answer.status_code)

    ask()


def test_requests_got_past_the_token():
    changing = {name: statuses for name, statuses in reached.items() if not name.startswith("GET")}
    assert len(changing) == 10 and all(statuses - {400} for statuses in changing.values()), reached
    assert {201, 204, 200} <= set.union(*changing.values())
