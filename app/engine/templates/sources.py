"""Templates of our own, for models whose files have none."""

from __future__ import annotations

CHATML = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}"""

# For models that were never taught a form: a dialogue that any text model goes on with.
DIALOGUE = """{%- for message in messages -%}
{%- if message.role == 'system' -%}{{ message.content }}

{% else -%}{{ message.role | capitalize }}: {{ message.content }}

{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}Assistant:{%- endif -%}"""
DIALOGUE_STOPS = ("\nUser:", "\nSystem:")
