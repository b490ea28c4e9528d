"""Nothing secret gets out of the environment."""

import os
import shutil
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
    planted = {
        "DBT_ENV_SECRET_REDSHIFT_PASSWORD": PASSWORD,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_LOG_LEVEL_FILE": "debug",
    }
    # The other command has another port, so that it parses with the secrets there.
    (tmp_path / "target").mkdir()
    parsed = Path(os.environ["DBT_TARGET_PATH"]) / "partial_parse.msgpack"
    shutil.copy(parsed, tmp_path / "target")
    cluster.faults.fail("^create .*user_levels__dbt", "a build that fails tells more")
    done = [
        cluster.command("run", **planted),
        cluster.command("run", REDSHIFT_PORT="1", **planted),
    ]
    assert [process.returncode for process in done] == [1, 1]
    texts = {"stdout and stderr": "".join(p.stdout + p.stderr for p in done).encode()}
    for path in tmp_path.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_bytes()
    parsed_again = texts[str(tmp_path / "target" / parsed.name)]
    assert parsed_again != parsed.read_bytes()
    assert len(texts) > 20
    assert any(name.endswith("dbt.log") for name in texts)
    texts |= cluster.manifests.contents
    texts["what was sent"] = "\n".join(cluster.sent()).encode()
    found = cluster.rows("select * from sys_load_history")
    texts["what the server knows"] = repr(found).encode()
    for secret in (PASSWORD, SECRET_KEY):
        leaks = [name for name, text in texts.items() if secret.encode() in text]
        assert not leaks
