"""`reckon doctor`: what reckon finds on this machine."""

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from reckon import settings
from reckon.cli.options import json_option, print_json
from reckon.errors import ReckonError
from reckon.show.table import printable


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Versions, folders, keys (never their values), local servers, the ledger's state."""
    findings = [*_versions(), *_folders(), *_providers(), _ledger(), *_extras()]
    if as_json:
        print_json(findings)
    else:
        for each in findings:
            mark = {True: "ok", False: "!!", None: "--"}[each["ok"]]
            click.echo(f"{mark}  {each['what'] + ':':26} {printable(each['found'])}")
    return 1 if any(each["ok"] is False for each in findings) else 0


def _finding(what: str, found: str, *, ok: bool | None) -> dict[str, Any]:
    """`ok`: True it is there, None it is absent and need not be there, False something is wrong."""
    return {"what": what, "found": found, "ok": ok}


def _versions() -> list[dict[str, Any]]:
    from importlib.metadata import version

    packages = ", ".join(f"{name} {version(name)}" for name in ("wreq", "msgspec", "tiktoken"))
    return [
        _finding("reckon", f"{settings.VERSION} ({packages})", ok=True),
        _finding("Python", f"{platform.python_version()}, {sys.executable}", ok=True),
        _finding("system", f"{platform.system()} {platform.machine()}", ok=True),
    ]


def _folders() -> list[dict[str, Any]]:
    home = settings.home()
    parent = next((each for each in (home, *home.parents) if each.exists()), Path("/"))
    writable = os.access(parent, os.W_OK)
    state = "" if home.exists() else " (made when it is first needed)"
    return [
        _finding(
            "user folder", f"{home}{state}" if writable else f"{home} is not writable", ok=writable
        ),
    ]


def _providers() -> list[dict[str, Any]]:
    from reckon.catalogue.load import load
    from reckon.run.choose import keyed_providers, running_servers

    catalogue = load()
    keyed = {provider.id for provider in keyed_providers(catalogue)}
    running = {provider.id for provider in running_servers(catalogue)}
    findings: list[dict[str, Any]] = []
    for provider in catalogue.providers.values():
        if provider.local and provider.base_url:
            here = provider.id in running
            found = f"listens at {provider.base_url}" if here else "not running"
            findings.append(_finding(f"server {provider.id}", found, ok=True if here else None))
        elif provider.key_variables and provider.wire and provider.base_url:
            has_key = provider.id in keyed
            wanted = " or ".join(provider.key_variables)
            found = "is set" if has_key else f"not set ({wanted})"
            findings.append(_finding(f"key {provider.id}", found, ok=True if has_key else None))
    return findings


def _ledger() -> dict[str, Any]:
    from reckon.ledger.ledger import Ledger

    path = settings.ledger_path()
    if not path.exists():
        return _finding("ledger", f"{path} (made with the first call)", ok=None)
    try:
        with Ledger.open(path, read_only=True) as ledger:
            calls = sum(row.calls for row in ledger.spend("model"))
            problems = ledger.verify()
    except ReckonError as error:
        return _finding("ledger", error.what, ok=False)
    if problems:
        return _finding("ledger", f"{path}: {problems[0]}", ok=False)
    return _finding("ledger", f"{path}, {calls:,} calls, whole", ok=True)


def _extras() -> list[dict[str, Any]]:
    from importlib.util import find_spec

    heif = find_spec("pillow_heif") is not None
    tesseract = shutil.which("tesseract")
    return [
        _finding(
            "HEIC pictures",
            "can be read" if heif else "need pip install 'reckon-llm[media]'",
            ok=True if heif else None,
        ),
        _finding(
            "text in pictures", tesseract or "no OCR program found", ok=bool(tesseract) or None
        ),
    ]
