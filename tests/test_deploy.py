"""The files of deploy/: no Docker engine and no cluster runs in tests, so what can be known without them is held here.

A name that nobody reads, a secret in a file, or a service nobody looks after would be found in the night otherwise.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.settings import Settings
from pipelines.start import main

REPOSITORY = Path(__file__).resolve().parents[1]
DEPLOY = REPOSITORY / "deploy"
# Read by others than Settings: the proxy's configuration, the workspace, and compose itself.
OTHERS = {
    "COLOCAST_CODE_HOST", "COLOCAST_VERSION", "COLOCAST_INBOX", "COLOCAST_CPUS", "COLOCAST_MEMORY",
    "COLOCAST_PROXY_PORT",
}  # fmt: skip
POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}
RULES = (
    "{extends: default, rules: {line-length: {max: 140}, document-start: disable, braces: {max-spaces-inside: 1},"
    " comments: {min-spaces-from-content: 1}}}"
)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text())


def example() -> dict[str, str]:
    """Names and values of .env.example."""
    lines = (DEPLOY / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def known_settings() -> set[str]:
    """Variables that Settings reads, with the files of its secrets."""
    names = {f"COLOCAST_{name.upper()}" for name in Settings.model_fields}
    secret = {f"COLOCAST_{name.upper()}_FILE" for name, one in Settings.model_fields.items() if "Secret" in str(one)}
    return names | secret


def proxy_variables() -> set[str]:
    return set(re.findall(r"\{\$(\w+)", (DEPLOY / "proxy" / "Caddyfile").read_text()))


SERVICES = ["postgres", "code", "webserver", "viewers", "daemon", "proxy"]


def test_the_services_are_these(compose: dict[str, Any]) -> None:
    assert list(compose["services"]) == SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_looked_after_limited_and_locked_in(compose: dict[str, Any], name: str) -> None:
    """Without a health check nobody starts it again; without a limit it takes the machine from the others."""
    service = compose["services"][name]
    assert service["healthcheck"]["test"]
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "env_file" not in service


def test_only_the_proxy_can_be_reached_and_the_inside_reaches_nothing(compose: dict[str, Any]) -> None:
    """The UI has no login and the code location runs what it is told."""
    services = compose["services"]
    assert [name for name in SERVICES if "ports" in services[name]] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    assert {name for name in SERVICES if "outside" in services[name]["networks"]} == {"code", "proxy"}


def test_the_warehouse_is_in_one_place(compose: dict[str, Any]) -> None:
    """One file, one writer: no second container may mount it."""
    mounts = {name: service.get("volumes", []) for name, service in compose["services"].items()}
    assert [name for name, found in mounts.items() if any(one.startswith("home:") for one in found)] == ["code"]
    named = {one.split(":")[0] for found in mounts.values() for one in found if not one.startswith("$")}
    assert named == set(compose["volumes"])


def test_images_have_a_version(compose: dict[str, Any], values: dict[str, Any]) -> None:
    """`latest` is another image tomorrow."""
    images = [service["image"] for service in compose["services"].values()]
    images += re.findall(r"^FROM (\S+:\S+)", (DEPLOY / "Dockerfile").read_text(), re.M)
    deployment = values["dagster-user-deployments"]["deployments"][0]["image"]
    images.append(f"{deployment['repository']}:{deployment['tag']}")
    assert len(images) > len(SERVICES)
    for image in images:
        assert re.search(r":(\d+[\w.-]*|\$\{COLOCAST_VERSION:\?.*\})$", image), image


def test_no_file_holds_a_secret(compose: dict[str, Any], values: dict[str, Any]) -> None:
    """Secrets are files that git ignores, or the cluster's own."""
    for name, secret in compose["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
    asked = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert asked == set(compose["secrets"])
    tracked = subprocess.run(
        ["git", "ls-files", "--others", "--cached", "--exclude-standard", "deploy/secrets", "deploy/.env"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert tracked == ["deploy/secrets/.gitignore"]
    assert values["postgresql"]["postgresqlPassword"] == ""
    text = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file() and path.name != "kubernetes.txt")
    assert not re.search(r"://[^\s/:@]+:[^\s/@]+@", text)
    assert not re.search(r"(?im)(password|token|secret_key)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{6,}", text)


def test_every_variable_is_read_by_somebody(compose: dict[str, Any], values: dict[str, Any]) -> None:
    """A misspelt setting is ignored without a word."""
    known = known_settings() | proxy_variables() | OTHERS | POSTGRES
    given = {name for service in compose["services"].values() for name in service.get("environment", {})}
    given |= {one["name"] for one in values["dagster-user-deployments"]["deployments"][0]["env"]}
    text = (DEPLOY / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert given | asked <= known, (given | asked) - known
    assert asked == set(example())
    must = {name for name in proxy_variables() if f"{{${name}:" not in (DEPLOY / "proxy" / "Caddyfile").read_text()}
    assert must <= set(compose["services"]["proxy"]["environment"])


def test_every_command_is_a_program_of_the_image(compose: dict[str, Any], values: dict[str, Any]) -> None:
    """An entry point that was renamed would be found at the first start."""
    scripts = {one.name for one in entry_points(group="console_scripts")} | {"python", "pg_isready", "caddy", "sh"}
    commands = [service["command"] for service in compose["services"].values() if "command" in service]
    commands += [service["healthcheck"]["test"][1:] for service in compose["services"].values()]
    text = (DEPLOY / "Dockerfile").read_text()
    commands += [yaml.safe_load(found) for found in re.findall(r"^\s*(?:CMD|ENTRYPOINT) (\[.*\])$", text, re.M)]
    for part in (*values["dagster-user-deployments"]["deployments"], values["dagsterDaemon"]):
        commands += [probe["exec"]["command"] for name, probe in part.items() if name.endswith("Probe")]
    commands = [shlex.split(found[0])[:1] if len(found) == 1 else found for found in commands]
    assert len(commands) > 12
    for command in commands:
        if command[:3] == ["python", "-m", "pipelines.start"]:
            command = command[3:]
        assert not command or command[0] in scripts | {"test"}, command


def test_the_image_is_made_of_what_is_there() -> None:
    """COPY of a folder that has gone ends a build; a file that the builder never gets as well."""
    text = (DEPLOY / "Dockerfile").read_text()
    sources = []
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.M):
        sources += line.split()[:-1]
    assert {"requirements/scale.txt", "pipelines", "forecasts", "data"} <= set(sources)
    let = [line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in sources:
        assert (REPOSITORY / source).exists(), source
        assert source in let
    packages = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(packages["packages"]) <= set(sources)
    for install in re.findall(r"pip install [^&\n]*(?:\\\n[^&\n]*)*", text):
        assert "--require-hashes" in install or install.rstrip(" \\").endswith("-e ."), install


def test_nothing_runs_as_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for stage in ("service", "proxy"):
        body = re.search(rf"^FROM \S+ AS {stage}$(.*?)(?=^FROM|\Z)", text, re.M | re.S)
        assert body is not None
        assert "\nUSER 10001:10001\n" in body[1]
        assert "\nHEALTHCHECK " in body[1]


def test_what_kubernetes_needs_more_fits_the_lock() -> None:
    """It is installed into the environment of scale.txt without a look at dependencies."""
    pins = {
        name: dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", (REPOSITORY / name).read_text(), re.M))
        for name in ("requirements/scale.txt", "deploy/kubernetes.txt")
    }
    more, lock = pins["deploy/kubernetes.txt"], pins["requirements/scale.txt"]
    assert not set(more) & set(lock)
    minor = lock["dagster"].split(".")
    assert more["dagster-k8s"] == f"0.{int(minor[1]) + 16}.{minor[2]}" == lock["dagster-postgres"]
    text = (DEPLOY / "kubernetes.txt").read_text()
    assert text.count(" \\\n    --hash=sha256:") >= len(more)


def test_the_cluster_has_one_writer_and_says_what_home_says(values: dict[str, Any]) -> None:
    """The chart writes dagster.yaml itself, so its values have to say what home.py would."""
    from pipelines.home import POSTGRES_SCHEME, instance_config

    ours = instance_config(Settings())
    pools, runs = values["concurrency"]["pools"], values["concurrency"]["runs"]
    assert {"default_limit": pools["defaultLimit"], "granularity": pools["granularity"]} == ours["concurrency"]["pools"]
    assert runs["maxConcurrentRuns"] == ours["concurrency"]["runs"]["max_concurrent_runs"]
    retries = values["dagsterDaemon"]["runRetries"]
    assert retries["retryOnAssetOrOpFailure"] == ours["run_retries"]["retry_on_asset_or_op_failure"]
    assert retries["maxRetries"] == ours["run_retries"]["max_retries"]
    monitoring = values["dagsterDaemon"]["runMonitoring"]
    assert monitoring["maxRuntimeSeconds"] == ours["run_monitoring"]["max_runtime_seconds"]
    assert values["postgresql"]["postgresqlScheme"] == POSTGRES_SCHEME
    assert values["telemetry"]["enabled"] is ours["telemetry"]["enabled"]
    for ticks in ("schedule", "sensor"):
        assert values["retention"][ticks]["purgeAfterDays"] == ours["retention"][ticks]["purge_after_days"]
    beside = values["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]["affinity"]
    (rule,) = beside["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert rule["labelSelector"]["matchLabels"] == values["dagster-user-deployments"]["deployments"][0]["labels"]


@pytest.mark.parametrize("part", ["dagsterWebserver", "dagsterDaemon"])
def test_every_part_of_the_cluster_is_looked_after(values: dict[str, Any], part: str) -> None:
    deployment = values["dagster-user-deployments"]["deployments"][0]
    for one in (values[part], deployment):
        assert {"readinessProbe", "livenessProbe"} <= set(one)
        assert {"requests", "limits"} <= set(one["resources"])


def test_a_container_begins_with_its_secret_from_a_file(tmp_path: Path) -> None:
    """The address of Postgres reaches Dagster by the environment; dagster.yaml has its name alone."""
    secret = tmp_path / "url"
    secret.write_text("postgresql://colocast:hidden-word@postgres:5432/colocast\n")
    environment = {**os.environ, "COLOCAST_HOME": str(tmp_path / "home"), "COLOCAST_POSTGRES_FILE": str(secret)}
    environment.pop("DAGSTER_HOME", None)
    shown = "import os; print(os.environ['DAGSTER_POSTGRES_URL'], os.environ['DAGSTER_HOME'])"
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.start", sys.executable, "-c", shown],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    home = tmp_path / "home" / "dagster"
    assert done.stdout.split() == ["postgresql+psycopg2://colocast:hidden-word@postgres:5432/colocast", str(home)]
    text = (home / "dagster.yaml").read_text()
    assert "env: DAGSTER_POSTGRES_URL" in text
    assert "hidden-word" not in text


def test_another_instance_configuration_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Helm chart mounts its own."""
    monkeypatch.setenv("COLOCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "chart"))
    monkeypatch.setattr(os, "execvp", lambda *_: None)
    assert main(["true"]) == 1
    assert not (tmp_path / "home").exists()


def test_a_container_that_cannot_begin_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv("COLOCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    monkeypatch.setenv("COLOCAST_POSTGRES", "mysql://u:hidden-word@h/b")
    assert main(["true"]) == 1
    said = capfd.readouterr().err
    assert "COLOCAST_POSTGRES is no address of Postgres" in said
    assert "hidden-word" not in said
    assert main([]) == 2


@pytest.mark.skipif(shutil.which("yamllint") is None, reason="yamllint is not installed: apt-get install yamllint")
def test_yamllint_finds_nothing() -> None:
    found = subprocess.run(
        ["yamllint", "--strict", "-d", RULES, "deploy", "workspace.yaml"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout
