"""The unmodified dbt-redshift builds, tests and documents a project on the stand-in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from standin.rewrite import Keys
from standin.stack import StandIn

FILES = {
    "dbt_project.yml": """
name: mini
profile: mini
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
mini:
  target: redshift
  outputs:
    redshift:
      type: redshift
      method: "{{ env_var('REDSHIFT_METHOD') }}"
      host: "{{ env_var('REDSHIFT_HOST') }}"
      port: "{{ env_var('REDSHIFT_PORT') | int }}"
      dbname: "{{ env_var('REDSHIFT_DATABASE') }}"
      schema: "{{ env_var('REDSHIFT_SCHEMA') }}"
      user: "{{ env_var('REDSHIFT_USER') }}"
      password: "{{ env_var('DBT_ENV_SECRET_REDSHIFT_PASSWORD') }}"
      sslmode: "{{ env_var('REDSHIFT_SSLMODE') }}"
      threads: 2
""",
    "seeds/plays.csv": "id,title,ts\n1,Café,1541105830796\n2,O'Song,1541105830999\n",
    "seeds/_seeds.yml": """
seeds:
  - name: plays
    config: {column_types: {ts: bigint, title: varchar(20)}}
""",
    "models/stg_plays.sql": """
{{ config(materialized='view', bind=false) }}
select id, title, ts, timestamp 'epoch' + ts / 1000.0 * interval '1 second' as start_at
from {{ ref('plays') }}
""",
    "models/songs.sql": """
{{ config(materialized='table', dist='id', sort=['start_at', 'id']) }}
select id, title, start_at from {{ ref('stg_plays') }}
""",
    "models/history.sql": """
{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='id',
    incremental_predicates=["start_at >= '2018-01-01'"], sort='start_at', dist='even',
    on_schema_change='append_new_columns'
) }}
select id, title, md5(title)::varchar(32) as song_id, start_at
from {{ ref('songs') }} as songs
{% if is_incremental() %}
where id >= (select max(id) from {{ this }})
{% endif %}
""",
    "models/_models.yml": """
models:
  - name: history
    config: {contract: {enforced: true}}
    columns:
      - name: id
        data_type: integer
        constraints: [{type: not_null}, {type: primary_key}]
        data_tests: [unique, not_null]
      - {name: title, data_type: varchar(20)}
      - {name: song_id, data_type: varchar(32)}
      - {name: start_at, data_type: timestamp}
unit_tests:
  - name: a_play_has_a_time_to_the_millisecond
    model: stg_plays
    given:
      - input: ref('plays')
        rows: [{id: 1, title: a, ts: 1541105830796}]
    expect:
      rows: [{id: 1, start_at: '2018-11-01 20:57:10.796'}]
""",
    "macros/load.sql": """
{% macro load(url) %}
  {% do run_query(
    "begin; delete from " ~ target.schema ~ ".plays; copy " ~ target.schema
    ~ ".plays from '" ~ url ~ "' iam_role default format as json 'auto'; commit;"
  ) %}
{% endmacro %}
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def dbt(project: Path, redshift: StandIn, *commands: list[str]) -> None:
    """Run dbt's commands one after the other, in one process of its own."""
    program = (
        "import json, sys\n"
        "from dbt.cli.main import dbtRunner\n"
        "runner = dbtRunner()\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    if not runner.invoke(command).success:\n"
        "        sys.exit(' '.join(command))\n"
    )
    # This project's profile and folders, not those of the tests of the warehouse.
    own = {
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": str(project / "target"),
        "DBT_LOG_PATH": str(project / "logs"),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)],
        cwd=project,
        env={**os.environ, **redshift.environment, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_dbt_builds_loads_and_documents(project: Path, redshift: StandIn) -> None:
    schema = redshift.schema
    s3 = redshift.client("s3")
    location = {"LocationConstraint": redshift.region}
    s3.create_bucket(Bucket="standin-test", CreateBucketConfiguration=location)
    plays = [
        {"id": 2, "title": "Two", "ts": 1541105830999},
        {"id": 3, "title": "Three", "ts": 1541105831000},
    ]
    body = " ".join(json.dumps(play) for play in plays).encode()
    s3.put_object(Bucket="standin-test", Key="more.json", Body=body)
    url = "s3://standin-test/more.json"
    # dbt opens a new session and runs the whole text again, DELETE and COPY included.
    redshift.faults.fail("copy", "conflict with concurrent transaction")
    dbt(
        project,
        redshift,
        ["build"],
        ["run-operation", "load", "--args", json.dumps({"url": url})],
        ["run"],
        ["docs", "generate"],
    )
    assert redshift.faults.struck()
    assert redshift.query(f"select id, title from {schema}.plays order by id") == [
        ("2", "Two"),
        ("3", "Three"),
    ]
    # history keeps the play that is gone: it was built in increments.
    assert redshift.query(f"select id, title from {schema}.history order by id") == [
        ("1", "Café"),
        ("2", "Two"),
        ("3", "Three"),
    ]
    assert redshift.keys(f"{schema}.songs") == Keys(
        "key", "id", "compound", ["start_at", "id"]
    )
    assert redshift.keys(f"{schema}.history").dist_style == "even"
    assert redshift.query(f"select count(*) from {schema}.stg_plays") == [("2",)]
    deletes = [s.sql for s in redshift.statements if "delete from" in s.sql]
    assert any("start_at >= '2018-01-01'" in sql for sql in deletes)
    catalog = json.loads((project / "target" / "catalog.json").read_text())
    stats = catalog["nodes"]["model.mini.songs"]["stats"]
    assert stats["diststyle"]["value"] == "KEY(id)"
    assert stats["sortkey1"]["value"] == "start_at"
    columns = catalog["nodes"]["model.mini.history"]["columns"]
    assert columns["title"]["type"] == "character varying(20)"
