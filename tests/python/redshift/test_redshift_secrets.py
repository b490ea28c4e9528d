"""Nothing secret gets out of the environment."""

from pathlib import Path

from support.helpers import event, song
from support.redshift_warehouse import RedshiftWarehouse

PASSWORD = "planted-password-4711"
SECRET_KEY = "planted/secret/key/4711"


def test_no_secret_is_written_anywhere(
    cluster: RedshiftWarehouse, tmp_path: Path
) -> None:
    cluster.put_events("1.json", event(0))
    cluster.put_songs("A.json", song("SO1"))
    # An empty target: dbt parses with the secrets there.
    planted = {
        "DBT_ENV_SECRET_REDSHIFT_PASSWORD": PASSWORD,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_LOG_LEVEL_FILE": "debug",
    }
    cluster.faults.fail("^create .*user_levels__dbt", "a build that fails tells more")
    done = cluster.command("run", **planted)
    assert done.returncode == 1
    assert "a build that fails tells more" in done.stderr
    texts = {"stdout and stderr": (done.stdout + done.stderr).encode()}
    for path in tmp_path.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_bytes()
    assert str(tmp_path / "target" / "partial_parse.msgpack") in texts
    assert len(texts) > 20
    assert any(name.endswith("dbt.log") for name in texts)
    texts |= cluster.manifests.contents
    texts["what was sent"] = "\n".join(cluster.sent()).encode()
    found = cluster.rows("select * from sys_load_history")
    texts["what the server knows"] = repr(found).encode()
    for secret in (PASSWORD, SECRET_KEY):
        leaks = [name for name, text in texts.items() if secret.encode() in text]
        assert not leaks
