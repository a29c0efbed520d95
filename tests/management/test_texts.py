"""Texts of operations and scopes: one line where one is meant, and never a control character."""

import pytest
from tests.management.installation import api, made, refused

OPEN = {"method": "GET", "path": "/{rest}", "anonymous": True}
ADMIN = {"method": "GET", "path": "/admin"}


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[31m", "a\x07", "a\u202eb"])
@pytest.mark.parametrize("field", ["summary", "operation_id"])
def test_texts_of_operations_are_refused(admin, text, field):
    operation = {**ADMIN, field: text}
    body = {"name": "Books", "operations": [operation]}
    found = refused(admin.post(api("/apis"), json=body), 422, None, "operations")
    assert field in found["errors"][0]["message"] and found["errors"][0]["field"] == "GET /admin"
    made(admin.post(api("/apis"), json={"name": "Books", "operations": []}))
    body = {"operations": [operation]}
    refused(admin.put(api("/apis/books/operations"), json=body), 422, None, "operations")


def test_long_summary_is_refused(admin):
    body = {"name": "Books", "operations": [{**ADMIN, "summary": "a" * 201}]}
    refused(admin.post(api("/apis"), json=body), 422, None, "operations")


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\x07", "a\u202eb"])
def test_descriptions_of_scopes_are_refused(admin, text):
    body = {"name": "Books", "scopes": [{"name": "read", "description": text}]}
    refused(admin.post(api("/apis"), json=body), 422, None, "operations")


def test_more_alternatives_than_can_be_served_are_refused(admin):
    operation = {**ADMIN, "alternatives": [[f"s{n}"] for n in range(101)]}
    body = {"name": "Books", "operations": [operation]}
    refused(admin.post(api("/apis"), json=body), 422, None, "operations")


def test_deploying_tells_what_an_anonymous_template_lets_in(admin):
    body = {"name": "Books", "upstream": "http://127.0.0.1:9000", "operations": [ADMIN, OPEN]}
    made(admin.post(api("/apis"), json=body))
    for way, body in (
        ("deployments", {}),
        ("promotions", {"from": "development", "to": "production"}),
    ):
        told = made(admin.post(api(f"/apis/books/{way}"), json=body))["warnings"]
        assert [item["location"] for item in told] == ["GET /{rest}"]
    made(admin.put(api("/apis/books/operations"), json={"operations": [ADMIN]}), 200)
    assert made(admin.post(api("/apis/books/deployments"), json={}))["warnings"] == []
