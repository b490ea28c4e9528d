"""What there is to ask: the analyses' names and questions, as they are documented."""

import yaml
from common.settings import PROJECT


def questions() -> dict[str, str]:
    """The question of each analysis by its name."""
    path = PROJECT / "analyses" / "_analyses.yml"
    documented = yaml.safe_load(path.read_text(encoding="utf-8"))["analyses"]
    return {entry["name"]: entry["description"].strip() for entry in documented}
