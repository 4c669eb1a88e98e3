from __future__ import annotations

from dataclasses import replace

import pytest

from app.agents.tools.tool import ToolSpec
from app.agents.tools.toolbox import ALL_TOOLS
from app.ui.agents.tool_words import about


@pytest.mark.parametrize("spec", ALL_TOOLS, ids=lambda each: each.name)
def test_own_tool_is_told_in_words_for_people(spec: ToolSpec) -> None:
    told = about(spec)
    assert told.endswith(".")
    assert "_" not in told
    assert not spec.tool.description.startswith(told)


def test_tool_of_a_server_with_the_name_of_an_own_one_is_told_in_the_servers_words() -> None:
    served = replace(ALL_TOOLS[0], server="other")
    assert served.tool.description.startswith(about(served))
