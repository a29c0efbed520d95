"""Which installation is asked with whose token, and `login`, `logout`, `status`, the lists."""

import json
import stat
from pathlib import Path

import pytest

from gatewright.interfaces.cli.folder import folder_of

FOLDER_URL = "http://127.0.0.1:8123"


def write_folder(folder, url=FOLDER_URL + "/api/v1", processes=None):
    run = folder / "run"
    run.mkdir(parents=True)
    content = {"urls": {"management": url}, "processes": processes or {}}
    (run / "status.json").write_text(json.dumps(content))
    (run / "cli-token").write_text("gwp_of-the-folder\n")


def asked(fake):
    request = fake.requests[-1]
    url = request.url
    return f"{url.scheme}://{url.netloc.decode()}", request.headers.get("Authorization")


@pytest.fixture
def plans(fake):
    fake.on("GET", "/plans", {"items": [], "next_cursor": None})


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.delenv("GATEWRIGHT_URL")
    monkeypatch.delenv("GATEWRIGHT_TOKEN")


def test_the_environment_names_url_and_token(run, fake, plans, monkeypatch):
    monkeypatch.setenv("GATEWRIGHT_URL", "https://gw.example/api/v1/")
    run("plan", "list")
    assert asked(fake) == ("https://gw.example", "Bearer gwp_the-owners-token")


def test_a_token_file_goes_before_a_token(run, fake, plans, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("gwp_of-the-file\n")
    monkeypatch.setenv("GATEWRIGHT_TOKEN_FILE", str(tmp_path / "token"))
    run("plan", "list")
    assert asked(fake)[1] == "Bearer gwp_of-the-file"
    monkeypatch.setenv("GATEWRIGHT_TOKEN_FILE", str(tmp_path / "absent"))
    assert run("plan", "list").exit_code == 4


def test_the_default_folder(run, fake, plans, unset, tmp_path):
    write_folder(tmp_path / "share" / "gatewright")
    run("plan", "list")
    assert asked(fake) == (FOLDER_URL, "Bearer gwp_of-the-folder")


def test_a_gatewright_yaml_makes_the_folder_beside_it_the_default(
    run, fake, plans, unset, tmp_path
):
    (tmp_path / "gatewright.yaml").touch()
    write_folder(tmp_path / ".gatewright")
    run("plan", "list")
    assert asked(fake) == (FOLDER_URL, "Bearer gwp_of-the-folder")


def test_data_goes_before_the_environment(run, fake, plans, monkeypatch, tmp_path):
    write_folder(tmp_path / "mine")
    monkeypatch.delenv("GATEWRIGHT_TOKEN")
    run("plan", "list", "--data", "mine")
    assert asked(fake) == (FOLDER_URL, "Bearer gwp_of-the-folder")


def test_the_folder_s_token_goes_to_no_other_url(run, fake, plans, monkeypatch, tmp_path):
    write_folder(tmp_path / "share" / "gatewright")
    monkeypatch.delenv("GATEWRIGHT_TOKEN")
    monkeypatch.setenv("GATEWRIGHT_URL", "https://elsewhere.example")
    run("plan", "list")
    assert asked(fake) == ("https://elsewhere.example", None)


def test_a_token_that_goes_out_unencrypted_is_warned_of(run, plans, monkeypatch):
    assert "unencrypted" not in run("plan", "list").stderr
    monkeypatch.setenv("GATEWRIGHT_URL", "http://gw.example")
    assert "warning: http://gw.example gets the token unencrypted" in run("plan", "list").stderr


@pytest.mark.parametrize("text", ["gw.example", "ftp://gw.example", "http://u:p@h", "http://h:0x"])
def test_a_url_that_is_none_is_64(run, monkeypatch, text):
    monkeypatch.setenv("GATEWRIGHT_URL", text)
    result = run("plan", "list")
    assert result.exit_code == 64
    assert "u:p" not in result.output


def test_nothing_runs_is_5(run, unset):
    result = run("status", "--json")
    assert result.exit_code == 5
    assert "gatewright up" in json.loads(result.stdout)["error"]["way_out"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"urls": 3}', '{"urls": {"management": 3}}'])
def test_a_damaged_status_file_is_as_none(run, unset, tmp_path, content):
    folder = tmp_path / "share" / "gatewright" / "run"
    folder.mkdir(parents=True)
    (folder / "status.json").write_text(content)
    assert run("plan", "list").exit_code == 5


@pytest.fixture
def session(fake):
    user = {"id": "usr_1", "handle": "owner", "name": "Owner", "role": "admin"}
    told = {"user": user, "token": "gwp_new", "expires_at": "2027-02-22T12:00:00Z"}
    fake.on("POST", "/sessions", told, status=201)


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        pytest.param(("https://gw.example/welcome/gwl_code",), None, id="whole link"),
        pytest.param(("https://gw.example", "--code", "-"), "gwl_code\n", id="stdin"),
        pytest.param(("https://gw.example", "--code", "gwl_code"), None, id="option"),
        pytest.param(
            ("https://gw.example", "--code", "-"),
            "https://gw.example/welcome/gwl_code",
            id="piped link",
        ),
    ],
)
def test_login_keeps_the_token_for_its_owner_only(
    run, fake, session, plans, unset, tmp_path, words, stdin
):
    result = run("login", *words, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    assert fake.body()["code"] == "gwl_code"
    assert fake.body()["as"] == "token"
    assert "Authorization" not in fake.requests[0].headers
    kept = tmp_path / "config" / "gatewright" / "logins.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert "gwp_new" not in result.output
    assert "gwl_code" not in result.output
    assert "using https://gw.example" in run("plan", "list").stderr
    assert asked(fake) == ("https://gw.example", "Bearer gwp_new")


def test_login_needs_a_code_and_a_link_that_was_not_used(run, fake, unset):
    assert run("login", "https://gw.example").exit_code == 64
    fake.refuse("POST", "/sessions", 401, "unauthenticated", "The link was used.")
    result = run("login", "https://gw.example", "--code", "gwl_old")
    assert result.exit_code == 4
    assert "ask for a new one" in result.stderr


def test_logout_forgets(run, session, plans, unset):
    run("login", "https://gw.example", "--code", "gwl_code")
    assert run("logout").exit_code == 0
    assert run("plan", "list").exit_code == 5
    assert run("logout").exit_code == 64


def test_status_adds_processes_and_the_folder(run, fake, status, unset, tmp_path):
    fake.on("GET", "/status", status)
    folder = tmp_path / "share" / "gatewright"
    write_folder(folder, processes={"control": {"pid": 2**22 + 1}})
    told = json.loads(run("status", "--json").stdout)
    assert set(told) >= {"version", "urls", "processes", "gateways", "faults", "sequence", "data"}
    assert told["processes"] == {"control": {"pid": 2**22 + 1, "running": False}}
    assert told["data"] == str(folder)
    assert told["urls"] == status["urls"]


def test_status_for_a_person_shows_what_is_wrong(run, fake, status):
    fault = {"api": "books:v1.0", "environment": "production", "reason": "bad", "serving": False}
    node = {**status["gateways"][0], "rejection": "Envoy said no\n"}
    fake.on("GET", "/status", {**status, "faults": [fault], "gateways": [node]})
    result = run("status")
    assert "http://127.0.0.1:8081" in result.stdout
    assert "✗ gateway local (1.40.0) connected, at 7" in result.stdout
    assert "Envoy refused: Envoy said no" in result.stdout
    assert "✗ books:v1.0 in production (not served): bad" in result.stdout


def audited(run, *words):
    return json.loads(run("audit", "--json", *words).stdout)["items"]


def test_lists(run, fake, subscription):
    environment = {"handle": "production", "kind": "production", "gateway_url": "http://g"}
    fake.on("GET", "/environments", {"items": [environment], "next_cursor": None})
    record = {"at": "2026", "actor": "u", "actor_name": "Ada", "action": "api.deploy",
              "subject": "books", "detail": {"b": "2", "a": "1"}}  # fmt: skip
    older = {**record, "actor_name": "Bob"}
    fake.on("GET", "/audit", {"items": [older, record], "next_cursor": None})
    fake.on("GET", "/subscriptions", {"items": [subscription], "next_cursor": None})
    assert "production   production  http://g" in run("env", "list").stdout
    assert "Ada  api.deploy  books    a=1 b=2" in run("audit").stdout.splitlines()[1]
    assert [item["actor_name"] for item in audited(run, "--limit", "1")] == ["Ada"]
    assert [item["actor_name"] for item in audited(run)] == ["Ada", "Bob"]
    assert "bookworm  books v1  Bronze  active" in run("subscription", "list").stdout


@pytest.mark.parametrize(
    ("words", "member"), [((), "owner"), (("ada",), "ada")], ids=["of oneself", "of another"]
)
def test_a_sign_in_link_is_all_that_stdout_gets(run, fake, words, member):
    link = {"url": "http://127.0.0.1:8000/welcome/gwl_x", "code": "gwl_x", "expires_at": "soon"}
    fake.on("GET", "/me", {"user": {"handle": "owner"}})
    fake.on("POST", f"/members/{member}/sign-in-links", link, status=201)
    assert run("login-link", *words).stdout == link["url"] + "\n"


def test_the_default_folder_follows_the_project_then_xdg(tmp_path):
    home = Path("~/.local/share/gatewright").expanduser()
    assert folder_of(None, {"XDG_DATA_HOME": "/x"}, tmp_path).root == Path("/x/gatewright")
    assert folder_of(None, {}, tmp_path).root == home
    (tmp_path / "gatewright.yaml").write_text("")
    here = folder_of(None, {"XDG_DATA_HOME": "/x"}, tmp_path).root
    assert here == tmp_path / ".gatewright"
    assert folder_of(Path("named"), {}, tmp_path).root == Path("named").absolute()
