"""The common start: a mistake ends the process before anything is connected to, with one clear message."""

import pytest

from flts.common.service import start_service
from flts.common.settings import ServiceSettings, SettingsError, load_settings
from flts.preprocess.settings import PreprocessSettings


@pytest.mark.parametrize(("known", "allowed"), [((), "takes none"), (("serve",), "takes none or one of serve")])
@pytest.mark.parametrize("arguments", [["x"], ["serve", "serve"]])
def test_unknown_arguments(arguments, known, allowed, capsys):
    with pytest.raises(SystemExit) as ended:
        start_service("preprocess", PreprocessSettings, arguments, known=known)
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"unknown arguments {arguments}: preprocess {allowed}\n"


def test_a_known_argument_is_taken(monkeypatch):
    monkeypatch.setenv("IDENTIFIER", "team-a")
    settings = start_service("preprocess", PreprocessSettings, ["serve"], known=("serve",))
    assert settings.identifier == "team-a"


@pytest.mark.parametrize("name", ["default", "global"])
def test_an_identifier_cannot_be_the_scope_of_the_unnamed_pipeline(name, monkeypatch):
    monkeypatch.setenv("IDENTIFIER", name)
    with pytest.raises(SettingsError, match=f"IDENTIFIER='{name}'.*choose another name"):
        load_settings(ServiceSettings)
