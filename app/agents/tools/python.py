"""Python for computing, without files, network or anything else of this computer."""

from __future__ import annotations

import keyword
from typing import Any, Final

from app.agents.entities import Risk
from app.agents.tools.results import capped
from app.agents.tools.sandbox import MODULES, run_python
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken
from app.engine.messages import Tool as OfferedTool

LONGEST_CODE: Final = 20_000
CODE: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_CODE,
    "description": "Python. Print the results.",
}

PYTHON: Final = ToolSpec(
    OfferedTool(
        "python",
        "Run Python to compute something and get what it prints. Each call starts anew. There "
        f"are no files, no network and no packages; only the modules {MODULES}. No generators "
        "(yield), no del, no inheritance.",
        {
            "type": "object",
            "properties": {
                "code": CODE,
                "data": {
                    "type": "object",
                    "description": 'Variables for the code by name, such as {"prices": [1, 2.5]}.',
                },
            },
            "required": ["code"],
            "additionalProperties": False,
        },
    ),
    Risk.COMPUTE,
    "Compute with Python",
)


class Python:
    """The tool that runs code on what the model gives it."""

    spec = PYTHON

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Run it."""
        data = arguments.get("data", {})
        for name in data:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise ToolFault(f"“{name[:40]}” cannot be a variable.", "Give it a plain name.")
        return capped(run_python(arguments["code"], data, cancel))
