def refusals(sql: str) -> list[str]:
    return []
