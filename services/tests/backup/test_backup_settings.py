"""Where snapshots are and what is reported of wrong settings."""

import io

import pytest

from flts.backup.__main__ import main, vault_of
from flts.backup.settings import BackupSettings
from flts.backup.vault import Bucket, ContentMissing, Folder
from flts.common.settings import SettingsError, load_settings


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError("no more")

    vault = Folder(tmp_path)
    vault.write("a/b", io.BytesIO(b"old"))
    with pytest.raises(OSError, match="no more"):
        vault.write("a/b", Broken())
    assert vault.open("a/b").read() == b"old"
    assert dict(vault.sizes("a/")) == {"a/b": 3}
    assert dict(vault.sizes("partial/")) == {}
    with pytest.raises(ContentMissing):
        vault.open("a/c")


def test_snapshots_may_be_in_a_bucket_elsewhere(environment):
    environment.delenv("BACKUP_DIRECTORY")
    target = {"ENDPOINT": "http://elsewhere:9000", "BUCKET": "flts", "ACCESS_KEY": "key", "SECRET_KEY": "secret"}
    for name, value in target.items():
        environment.setenv(f"TARGET_{name}", value)
    assert isinstance(vault_of(load_settings(BackupSettings)), Bucket)


def test_all_wrong_settings_are_reported_in_one_text(environment):
    environment.setenv("KEEP", "1")
    environment.setenv("SNAPSHOT", "yesterday")
    with pytest.raises(SettingsError) as raised:
        load_settings(BackupSettings)
    assert "KEEP='1'" in str(raised.value)
    assert "SNAPSHOT='yesterday'" in str(raised.value)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"BACKUP_DIRECTORY": None}, "set either BACKUP_DIRECTORY or TARGET_ENDPOINT"),
        ({"TARGET_ENDPOINT": "http://elsewhere:9000"}, "go together"),
    ],
)
def test_snapshots_are_in_one_place(environment, variables, message):
    for name, value in variables.items():
        if value is None:
            environment.delenv(name)
        else:
            environment.setenv(name, value)
    with pytest.raises(SettingsError, match=message):
        load_settings(BackupSettings)


def test_a_step_that_cannot_be_done_says_why(environment, capsys):
    assert main(["fetch"]) == 1
    assert "there is no snapshot yet" in capsys.readouterr().out
    assert main([]) == 1
    assert "name a step: begin, create, fetch" in capsys.readouterr().err
