"""A convention of our own for dbt-bouncer: dbt itself does not refuse such names."""

from pathlib import Path
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail


@check
def check_model_name_is_not_an_analysis(model: Any) -> None:
    """An analysis of a model's name hides the model in `dbt show` and the catalog."""
    analysis = Path("analyses", f"{model.name}.sql")
    if analysis.exists():
        fail(
            f"{model.original_file_path} and {analysis} have one name, which breaks"
            " `dbt show` and the catalog; rename one of them"
        )
