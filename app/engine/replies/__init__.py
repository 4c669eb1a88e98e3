"""Takes replies apart into text, reasoning and tool calls, while they stream.

How a family of models writes its replies is data: one TOML file in resources/dialects. `dialect`
reads such a file, `catalogue` finds the one for a chat template, `parser` reads a reply by it, and
`calls` makes the grammar that keeps a model to it.

A dialect file::

    visible = ["<tool_call>"]      # control tokens to be rendered into the text that is parsed
    end_tokens = ["<|eot|>"]       # control tokens that end generation, if the file does not say so

    [detect]                       # in the source of the chat template
    priority = 20                  # of the dialects that fit, the highest
    any = [["<a>", "<b>"], ["<c>"]]  # fits if it has all texts of one of these groups ...
    none = ["<d>"]                 # ... and none of these

    [text]
    strip = ["<|x|>"]              # markers that are no part of the answer
    ends = ["<|calls|>"]           # visible control tokens after which nothing is read

    [[reasoning]]
    open = "<think>"               # the prompt may already end with it
    close = ["</think>"]
    anywhere = false               # opens in the middle of text, too: its mark is never just text
    ends_at_call = false           # a call ends it too

    [[calls]]                      # the first that fits is taken
    syntax = "json"                # json, named, tagged, python or nested; see below
    open = ["<tool_call>"]         # none: the answer itself begins with the call
    close = ["</tool_call>"]       # read over where it stands; a missing one does no harm
    junk = ["```"]                 # read over before JSON and after a call
    first = "{["                   # first characters after the opening; others are another form
    needs_tools = false            # only looked for if the request has tools
    known_only = false             # only names of tools in the request
    id_pattern = "[a-z0-9]{9}"     # of ids that are kept; others are made anew

Syntaxes, and what belongs to each:

json
    ``{"name": "f", "arguments": {...}}``, several of them, or a list of them. ``name``,
    ``arguments``, ``id`` and ``answer`` list the keys that mean these; ``answer`` is text.
    ``key_is_name = true``: ``{"f": {...}}``.
named
    A head, then the arguments as an object. ``head`` is a regular expression with the group
    ``name`` and perhaps ``id``; it ends at one of ``head_end``, or before a brace.
    ``values`` is "json", or "gemma" for ``{key:<|"|>text<|"|>}``.
tagged
    A head as above, then ``[calls.parameter]``: ``open``, ``head`` (a regular expression with the
    group ``key`` and perhaps ``string``, "true" or "false", or ``type``), ``head_end``, ``close``,
    ``until`` (texts that end a value whose end tag is missing), ``newlines`` (values stand on
    lines of their own) and ``raw`` (the marks around a value that is taken as it is). Values have
    no types: the JSON Schema of the tool says what they are.
python
    ``[f(a=1, b="x"), g()]``.
nested
    A head as above, then every value in a tag named by its key: ``<a>1</a>``; objects and lists
    are tags within tags. ``tag`` is what stands before every tag.

Instead of one stream of text a reply may be several messages with heads, as in harmony::

    [messages]
    start = ["<|start|>"]          # begins a head
    head_end = ["<|message|>"]     # ends it
    end = ["<|end|>"]              # ends a message
    valid = "[a-z]+"               # what is a head; others are text

    [[messages.routes]]            # the first whose pattern is in the head; without one it is text
    head = "to=(?P<name>\\\\w+)"
    to = "call"                    # call, reasoning or text

The grammar that keeps a model to the dialect, if there is one; several are alternatives::

    [[grammar]]
    triggers = ['(<tool_call>)']   # regular expressions; the grammar begins at the first group.
                                   # @names stands for the names of the tools
    calls = '@call (space @call)*' # GBNF for all calls
    call = '"<tool_call>" ...'     # GBNF for one: @name, @json_name and @arguments
    lead = '"<tool_calls>"'        # GBNF for what precedes them if a call is required; @until ...
    until = "<|end|>"              # ... is any text that ends with this
    arguments = "json"             # json, tagged, python, gemma or nested
    parameter = '"<p=" @key ">" @value'  # GBNF for a tagged argument; @is_string and @type, too
    value_end = "</p>"             # ends @value; for nested arguments the tag mark
"""
